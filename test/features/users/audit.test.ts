import { expect, test } from "vitest";
import { auditRow } from "../../../src/features/users/service.ts";
import { newId } from "../../../src/lib/ids.ts";

const userId = newId();
const ctx = {
  actor: { kind: "user", userId, sessionId: newId() } as const,
  tenantId: newId(),
  requestId: newId(),
  clock: { now: () => 1_795_000_000_000 },
};

test("an entry names who, for whom, what, when and in which request", () => {
  const subjectId = newId();
  expect(auditRow(ctx, { event: "chat.deleted", subjectId, details: { messages: 3 } })).toMatchObject({
    tenantId: ctx.tenantId,
    at: new Date(1_795_000_000_000),
    actorKind: "user",
    actorId: userId,
    userId,
    event: "chat.deleted",
    subjectId,
    requestId: ctx.requestId,
    details: { messages: 3 },
  });
});

test("work of the system names its job and the person it concerns", () => {
  const actor = { kind: "system", job: "outbox.flush", userId } as const;
  expect(auditRow({ ...ctx, actor }, { event: "chat.recorded" })).toMatchObject({
    actorKind: "system",
    actorId: "outbox.flush",
    userId,
  });
});

test.each(["Buy milk", "ada@example.com", "x".repeat(65), ""])(
  "a detail that could be what somebody wrote (%j) is refused",
  (text) => {
    expect(() => auditRow(ctx, { event: "chat.deleted", details: { title: text } })).toThrow(/free text/);
  },
);
