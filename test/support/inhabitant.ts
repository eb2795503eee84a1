/** A person who has one of everything that has an id: what others must not reach. */
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { z } from "zod";
import type { UserHub } from "../../durable-objects/user-hub/index.ts";
import type { ToolCall } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";
import { readEnv } from "../../src/platform/env.ts";
import { portsOf } from "../../src/ports.ts";
import { call, callFor } from "./api.ts";
import { newCanary } from "./canary.ts";
import { newAgent } from "./custom-agents.ts";
import { ringAlarm } from "./hub.ts";
import { newColleague } from "./intruders.ts";
import { ingested, newCollection } from "./knowledge.ts";
import { scriptModelBy } from "./model.ts";
import { connect, type TestSocket } from "./socket.ts";
import { newUser, type TestUser } from "./users.ts";

export interface Inhabitant {
  user: TestUser;
  /** Part of every text of theirs. */
  canary: string;
  device: TestSocket;
  /** Ids by what they name. */
  ids: Record<string, string>;
  /** A turn that waits for the device's answer to this call. */
  openCall: ToolCall;
  /** A turn that waits for the person's word. */
  approvalId: string;
  idempotencyKey: string;
}

const WithId = z.object({ id: z.string() });

export async function settleIn(): Promise<Inhabitant> {
  const user = await newUser(env);
  const canary = newCanary();
  const device = await connect(user);
  const idempotencyKey = newId();
  await scriptTurns(canary);
  device.answer = ({ data }) => ({ row: { ...data, id: newId() } });

  const kept = await callFor(WithId, "POST", "/chats", {
    as: user,
    body: { title: canary },
    headers: { "idempotency-key": idempotencyKey },
  });
  const message = await addMessage(user, kept.id, canary);
  const dropped = await callFor(WithId, "POST", "/chats", { as: user, body: { title: canary } });
  const droppedMessage = await addMessage(user, kept.id, canary);
  await remove(user, `/chats/${dropped.id}`);
  await remove(user, `/messages/${droppedMessage.id}`);

  const collection = await newCollection(user, { name: canary });
  const document = await ingested(user, { collection_id: collection.id, title: canary, content: canary });
  const confidant = await newColleague(user);
  const share = await callFor(WithId, "POST", "/shares", {
    as: user,
    body: { kind: "collection", resource_id: collection.id, user_id: confidant.userId, right: "write" },
  });
  // No feature writes words into an event; were one to, they would be nobody else's.
  const event = { id: document.id, collection_id: collection.id, version: 1, status: canary, progress: 1 };
  await portsOf(readEnv<UserHub>(env)).publish(user, { topic: "documents", data: event });
  const asked = { collection_ids: [collection.id], question: `What is ${canary}?` };
  const query = await callFor(WithId, "POST", "/rag/query", { as: user, body: asked });
  const agent = await newAgent(user, { name: canary, system_prompt: canary });
  const droppedAgent = await newAgent(user, { name: canary });
  await remove(user, `/agents/${droppedAgent.id}`);
  const ended = device.ask(`ends ${canary}`);
  await device.end(ended);
  const parked = device.ask(`removes ${canary}`);
  const { approval_id: approvalId } = await device.frame("approval_request");
  device.answer = undefined;
  const callsBefore = device.all("tool_call").length;
  const running = device.ask(`makes ${canary}`);
  const openCall = await device.frame("tool_call", callsBefore + 1);
  await saved(user);

  const ids = {
    tenant: user.tenantId,
    user: user.userId,
    session: user.sessionId,
    device: device.deviceId,
    chat: kept.id,
    message: message.id,
    "deleted chat": dropped.id,
    "deleted message": droppedMessage.id,
    collection: collection.id,
    document: document.id,
    share: share.id,
    "question to documents": query.id,
    agent: agent.id,
    "deleted agent": droppedAgent.id,
    "chat of a turn": device.all("stream_start")[0]?.chat_id ?? "",
    "ended turn": ended,
    "parked turn": parked,
    "running turn": running,
    approval: approvalId,
    call: openCall.id,
  };
  return { user, canary, device, ids, openCall, approvalId, idempotencyKey };
}

/** Lets the waiting turns go on: each ends as if nobody had meddled. */
export async function expectUndisturbed({ device, ids, approvalId, openCall }: Inhabitant): Promise<void> {
  expect(device.closed).toBeUndefined();
  const { "running turn": running = "", "parked turn": parked = "" } = ids;
  expect(device.all("stream_end").filter(({ request_id: id }) => id === running || id === parked)).toEqual(
    [],
  );
  device.answer = () => ({ deleted: true });
  const row = { ...openCall.data, id: newId() };
  device.send({ type: "tool_result", id: openCall.id, epoch: openCall.epoch, row });
  device.send({ type: "approve", approval_id: approvalId });
  expect(await device.end(running)).toMatchObject({ status: "done", mutations: [{ id: row.id }] });
  expect(await device.end(parked)).toMatchObject({ status: "done", mutations: [{ action: "delete" }] });
}

async function scriptTurns(canary: string): Promise<void> {
  const says = (text: string) => ({ content: [{ type: "text" as const, text }] });
  const uses = (name: string, input: Record<string, unknown>) => ({
    content: [{ type: "tool_use" as const, name, input }],
  });
  const delegates = (instruction: string) =>
    uses("task", { agent: "tasks", instruction: `Specialist: ${instruction} ${canary}` });
  await scriptModelBy(canary, [
    { when: { toolResult: "reported" }, reply: says(`Done ${canary}.`) },
    { when: { userText: "delete one" }, reply: uses("delete_task", { taskId: newId() }), times: 1 },
    { when: { userText: "create one" }, reply: uses("create_task", { title: canary }), times: 1 },
    { when: { userText: "create another" }, reply: uses("create_task", { title: canary }), times: 1 },
    { when: { userText: "specialist" }, reply: says("Reported.") },
    { when: { userText: "removes" }, reply: delegates("delete one") },
    { when: { userText: "makes" }, reply: delegates("create another") },
    { when: { body: canary }, reply: delegates("create one") },
  ]);
}

function addMessage(user: TestUser, chatId: string, content: string): Promise<{ id: string }> {
  return callFor(WithId, "POST", `/chats/${chatId}/messages`, { as: user, body: { content } });
}

async function remove(user: TestUser, path: string): Promise<void> {
  expect((await call("DELETE", `/api/v1${path}`, { as: user })).status).toBe(204);
}

/** Waits until what the hub owes Postgres is there: the ended turn's exchange and its tool calls. */
async function saved(user: TestUser): Promise<void> {
  const count = async (path: string) =>
    (await callFor(z.object({ data: z.array(z.unknown()) }), "GET", path, { as: user })).data.length;
  const wait = { timeout: 10_000 };
  await vi.waitUntil(async () => (await count("/chats")) === 2, wait);
  await ringAlarm(user);
  await vi.waitUntil(async () => (await count("/tool-executions")) > 0, wait);
}
