import { expect, test } from "vitest";
import { AppError } from "../../src/lib/errors.ts";
import { createLogger, describeError, type LogLevel } from "../../src/lib/logger.ts";

function recorded() {
  const lines: { level: LogLevel; line: Record<string, unknown> }[] = [];
  const log = createLogger({}, (level, line) => lines.push({ level, line: JSON.parse(line) }));
  return { lines, log };
}

test("a line is one JSON object with its event, its bound ids and its level", () => {
  const { lines, log } = recorded();
  log.with({ request_id: "r1", tenant_id: "t1" }).warn({ event: "turn.parked", duration_ms: 12 });
  expect(lines).toMatchObject([
    {
      level: "warn",
      line: { level: "warn", event: "turn.parked", request_id: "r1", tenant_id: "t1", duration_ms: 12 },
    },
  ]);
});

test("fields that would hold content or credentials do not type-check", () => {
  const { log } = recorded();
  // @ts-expect-error a message is what somebody wrote
  log.info({ event: "chat.created", message: "dear diary" });
  // @ts-expect-error a token is a credential
  log.info({ event: "session.opened", token: "abc" });
  // @ts-expect-error objects could hold anything
  log.info({ event: "session.opened", details: { content: "x" } });
  // @ts-expect-error the forbidden names cannot be bound either
  log.with({ prompt: "x" });
  // @ts-expect-error an event is required
  log.info({ duration_ms: 1 });
});

test("an error is logged by name, code and place, never by its text", () => {
  const { lines, log } = recorded();
  const cause = Object.assign(new TypeError("canary in the cause"), { code: "23505" });
  log.error({ event: "request.failed" }, new Error("canary in the text", { cause }));
  const text = JSON.stringify(lines);
  expect(text).not.toContain("canary");
  expect(lines[0]?.line).toMatchObject({ error_name: "Error", error_causes: ["TypeError 23505"] });
  expect(text).toContain("logger.test.ts:");
});

test("a text that imitates a stack frame does not get through", () => {
  const error = new Error("first\n    at canary (secret.ts:1:1)");
  expect(JSON.stringify(describeError(error))).not.toContain("secret");
  const renamed = new Error("short");
  renamed.message = "changed\n    at canary (secret.ts:1:1)";
  expect(JSON.stringify(describeError(renamed))).not.toContain("secret");
  expect(describeError(Object.assign(new Error("x"), { name: "my secret diary" })).error_name).toBe("Error");
});

test("our own errors keep their code, and what is no error is named by its type", () => {
  expect(describeError(new AppError("busy"))).toMatchObject({ error_name: "AppError", error_code: "busy" });
  expect(describeError("canary")).toEqual({ error_name: "string" });
  expect(describeError(null)).toEqual({ error_name: "null" });
  expect(describeError({ code: "a canary with spaces" })).toEqual({ error_name: "object" });
});
