/** The record of what turns asked of devices: who sees it, in what order, and what of it rests in the clear. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { type ListExecutions, ToolExecutionPage } from "../../../src/features/chat/schema.ts";
import { describeCall, type Execution, saveExecutions } from "../../../src/features/chat/service.ts";
import { toolExecutions } from "../../../src/features/chat/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const START_MS = Date.parse("2026-11-20T10:00:00.000Z");

/** As the hub's outbox calls: a system actor, for the user. */
function outbox(user: TestUser): Ctx {
  return userCtx(env, user, { actor: { kind: "system", job: "outbox", userId: user.userId } });
}

function execution(more: Partial<Execution> = {}): Execution {
  const listing = {
    action: "select",
    table: "tasks",
    filters: { search: "canary-7d1e" },
    limit: 50,
  } as const;
  return {
    callId: `${newId()}:1.0/0.1`,
    requestId: newId(),
    chatId: newId(),
    deviceId: "laptop",
    ...describeCall(listing, { kind: "rows", rows: [{ id: "t1", title: "canary-7d1e" }] }),
    startedAt: START_MS,
    durationMs: 12,
    ...more,
  };
}

function list(as: TestUser, query: Partial<Record<keyof ListExecutions, string>> = {}) {
  return callFor(ToolExecutionPage, "GET", `/tool-executions?${new URLSearchParams(query)}`, { as });
}

test("a tool call is listed with what is in the clear, and on request with what was asked and answered", async () => {
  const user = await newUser(env);
  const made = execution();
  await saveExecutions(outbox(user), [made]);
  const metadata = {
    id: made.callId,
    request_id: made.requestId,
    chat_id: made.chatId,
    device_id: "laptop",
    action: "select",
    table: "tasks",
    status: "ok",
    started_at: "2026-11-20T10:00:00.000Z",
    duration_ms: 12,
  };
  expect((await list(user)).data).toEqual([metadata]);
  expect((await list(user, { include: "payloads" })).data).toEqual([
    {
      ...metadata,
      payload: {
        call: { filters: { search: "canary-7d1e" }, limit: 50 },
        result: { rows: [{ id: "t1", title: "canary-7d1e" }] },
        truncated: false,
      },
    },
  ]);
  const [row] = await stored(user);
  expect(JSON.stringify({ ...row, payload: Buffer.from(row!.payload).toString("latin1") })).not.toContain(
    "canary",
  );
});

test("saving again, even by two at once, keeps each call once and as it was", async () => {
  const user = await newUser(env);
  const [one, two] = [execution(), execution({ startedAt: START_MS + 1 })];
  await Promise.all([saveExecutions(outbox(user), [one, two]), saveExecutions(outbox(user), [two, one])]);
  await saveExecutions(outbox(user), [{ ...one, status: "error" }]);
  const { data } = await list(user);
  expect(data.map(({ id, status }) => [id, status])).toEqual([
    [two.callId, "ok"],
    [one.callId, "ok"],
  ]);
});

test("the newest come first, in pages, those of the same moment once each", async () => {
  const user = await newUser(env);
  const made = Array.from({ length: 7 }, (_, number) =>
    execution({ callId: `call-${number}`, startedAt: START_MS + Math.floor(number / 3) }),
  );
  await saveExecutions(outbox(user), made);
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: ToolExecutionPage = await list(user, { limit: "2", ...(cursor === "" ? {} : { cursor }) });
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect(seen).toEqual(made.map(({ callId }) => callId).toReversed());
});

test("those of one chat or one turn can be asked for", async () => {
  const user = await newUser(env);
  const [one, two] = [execution(), execution({ chatId: null })];
  await saveExecutions(outbox(user), [one, two]);
  const ids = async (query: Parameters<typeof list>[1]) => (await list(user, query)).data.map(({ id }) => id);
  expect(await ids({ chat_id: one.chatId! })).toEqual([one.callId]);
  expect(await ids({ request_id: two.requestId })).toEqual([two.callId]);
  expect(await ids({ chat_id: one.chatId!, request_id: two.requestId })).toEqual([]);
});

test("a chat that a client named by no UUID is not named in the record", async () => {
  const user = await newUser(env);
  await saveExecutions(outbox(user), [execution({ chatId: "diary" })]);
  expect((await list(user)).data).toMatchObject([{ chat_id: null }]);
});

test("nobody sees another person's tool calls, not even one with the same request id", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const made = execution();
  await saveExecutions(outbox(owner), [made]);
  expect((await list(stranger, { request_id: made.requestId })).data).toEqual([]);
  // Clients make request ids, and request ids make call ids: the same ones are both people's.
  await saveExecutions(outbox(stranger), [{ ...made, durationMs: 99 }]);
  expect((await list(owner)).data).toMatchObject([{ id: made.callId, duration_ms: 12 }]);
  expect((await list(stranger)).data).toMatchObject([{ id: made.callId, duration_ms: 99 }]);
});

test("a payload moved into another row cannot be read there", async () => {
  const user = await newUser(env);
  const [one, other] = [execution(), execution()];
  await saveExecutions(outbox(user), [one, other]);
  const [stolen] = (await stored(user)).filter(({ id }) => id === one.callId);
  await connectAs(env, "postgres")
    .update(toolExecutions)
    .set({ payload: stolen!.payload })
    .where(eq(toolExecutions.id, other.callId));
  const response = await call("GET", "/api/v1/tool-executions?include=payloads", { as: user });
  expect(response.status).toBe(500);
  expect((await list(user)).data).toHaveLength(2);
});

test("a query that the list does not have, and a cursor of another list, are refused", async () => {
  const user = await newUser(env);
  for (const query of ["include=everything", "chat_id=diary", "limit=0"]) {
    const response = await call("GET", `/api/v1/tool-executions?${query}`, { as: user });
    expect(await problemOf(response), query).toMatchObject({ code: "validation_failed" });
  }
  const cursor = Buffer.from(JSON.stringify([1])).toString("base64url");
  const response = await call("GET", `/api/v1/tool-executions?cursor=${cursor}`, { as: user });
  expect(await problemOf(response)).toMatchObject({ status: 400, code: "bad_request" });
});

test("the record cannot be changed by the application, only read and added to", async () => {
  const user = await newUser(env);
  const app = connectAs(env, "adjutant_app");
  const refused = { cause: { code: "42501" } };
  await expect(app.update(toolExecutions).set({ durationMs: 0 })).rejects.toMatchObject(refused);
  await expect(
    app.delete(toolExecutions).where(eq(toolExecutions.userId, user.userId)),
  ).rejects.toMatchObject(refused);
});

function stored({ userId }: TestUser) {
  return connectAs(env, "postgres").select().from(toolExecutions).where(eq(toolExecutions.userId, userId));
}
