/** Each thing that can fail around a person's words fails, and quotes them: nothing of them reaches a log line. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { app } from "../../src/app.ts";
import { newId } from "../../src/lib/ids.ts";
import { call, problemOf } from "../support/api.ts";
import { disguised, findCanaries, newCanary, type Resting } from "../support/canary.ts";
import { inHub } from "../support/hub.ts";
import { breakModel, scriptModel } from "../support/model.ts";
import { connect } from "../support/socket.ts";
import { newUser } from "../support/users.ts";

const lines: Resting[] = [];

beforeEach(() => {
  lines.length = 0;
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => {
      const line = parts.map((part) => (part instanceof Error ? String(part.stack) : String(part))).join(" ");
      lines.push({ place: `log line ${line.slice(0, 300)}`, bytes: Buffer.from(line) });
    });
  }
});

afterEach(() => vi.restoreAllMocks());

function expectSilence(canary: string): void {
  expect(lines.length).toBeGreaterThan(0);
  expect(findCanaries({ canary }, lines)).toEqual([]);
}

test.each([400, 401, 404, 413, 422, 500])(
  "a model server that answers %i and quotes the request, even as the name of its error",
  async (status) => {
    const [canary, word] = [newCanary(), newId()];
    const user = await newUser(env);
    const device = await connect(user);
    await breakModel([
      {
        kind: "status",
        status,
        type: canary,
        message: `You sent: ${disguised(canary)}`,
        match: word,
        times: 4,
      },
    ]);
    const end = await device.end(device.ask(`${word} ${disguised(canary)}`));
    expect(end).toMatchObject({ status: "failed", error: { code: "model_unavailable" } });
    expect(JSON.stringify(end)).not.toContain(canary);
    expectSilence(canary);
  },
);

test("a model server that breaks off in the middle of words, of a tool's input and of its own error", async () => {
  const [canary, word] = [newCanary(), newId()];
  const device = await connect(await newUser(env));
  const reply = {
    content: [
      { type: "text" as const, text: disguised(canary) },
      { type: "tool_use" as const, name: "task", input: { agent: canary, instruction: disguised(canary) } },
    ],
  };
  await scriptModel(word, [reply, reply, { content: [{ type: "text", text: "Done." }] }]);
  await breakModel([
    { kind: "cut", afterChars: 60, match: word },
    { kind: "stream_error", type: canary, afterChars: 60, match: word },
    { kind: "bad_tool_json", rawJson: `{"instruction": "${canary}`, match: word },
  ]);
  await device.end(device.ask(`${word} ${disguised(canary)}`));
  expectSilence(canary);
});

test("a device that fails in a person's words", async () => {
  const [canary, word] = [newCanary(), newId()];
  const device = await connect(await newUser(env));
  device.answer = () => ({ error: { code: canary, message: disguised(canary) } });
  await scriptModel(word, [
    { content: [{ type: "tool_use", name: "list_tasks", input: { search: canary } }] },
    { content: [{ type: "tool_use", name: "create_task", input: { title: 7, [canary]: canary } }] },
    { content: [{ type: "tool_use", name: canary, input: {} }] },
    { content: [{ type: "text", text: "Done." }] },
  ]);
  const requestId = newId();
  device.send({
    type: "floating_request",
    request_id: requestId,
    message: `${word} ${canary}`,
    scope: { type: "task" },
  });
  expect(await device.end(requestId)).toMatchObject({ status: "done" });
  expectSilence(canary);
});

test("a hub whose own database fails", async () => {
  const canary = newCanary();
  const user = await newUser(env);
  const device = await connect(user);
  await inHub(user, ({ storage }) => void storage.sql.exec("DROP TABLE turns"));
  device.send({ type: "home_request", request_id: newId(), message: disguised(canary) });
  expect(await device.frame("error")).toMatchObject({
    code: "internal",
    message: "Something went wrong on our side",
  });
  expect(device.closed).toBeUndefined();
  expectSilence(canary);
});

test.each([
  ["cannot be reached", () => "http://127.0.0.1:9/sql"],
  ["answers what is no answer, and quotes the query", () => `${inject("modelUrl")}/v1/messages`],
])("a database that %s", async (_what, endpointOf) => {
  const canary = newCanary();
  const user = await newUser(env);
  const broken = { ...env, NEON_FETCH_ENDPOINT: endpointOf() };
  const ctx = createExecutionContext();
  const response = await app.fetch(
    new Request("http://adjutant.test/api/v1/chats", {
      method: "POST",
      headers: { authorization: `Bearer ${user.accessToken}`, "content-type": "application/json" },
      body: JSON.stringify({ title: disguised(canary) }),
    }),
    broken,
    ctx,
  );
  await waitOnExecutionContext(ctx);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ status: 503, code: "database_unavailable" });
  expect(JSON.stringify(problem)).not.toContain(canary);
  expectSilence(canary);
  // The driver's address is the isolate's: the next one puts it right.
  expect((await call("GET", "/api/v1/chats", { as: user })).status).toBe(200);
});
