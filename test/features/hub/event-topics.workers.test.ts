/** Who tells of what: the changes an app must hear of to keep its view, as they reach the person's events. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { z } from "zod";
import { Agent } from "../../../src/features/custom-agents/schema.ts";
import { EventPage } from "../../../src/features/hub/schema.ts";
import { call, callFor } from "../../support/api.ts";
import { newCanary } from "../../support/canary.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { says, scriptWord } from "../../support/errand.ts";
import { ingested, newCollection } from "../../support/knowledge.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const WithId = z.object({ id: z.string() });

/** What happened since, oldest first, each as its change with the id that it names. */
async function heard(user: TestUser, topic: string, cursor: string) {
  const { data } = await callFor(EventPage, "GET", `/events/poll?cursor=${cursor}&topics=${topic}`, {
    as: user,
  });
  return data.map((event) => [event.data["change"], event.data["id"]]);
}

async function start(): Promise<{ user: TestUser; cursor: string; canary: string }> {
  const user = await newUser(env);
  const { cursor } = await callFor(EventPage, "GET", "/events/poll", { as: user });
  return { user, cursor, canary: newCanary() };
}

/** Nothing that somebody wrote is in any event. */
async function expectNoWords(user: TestUser, cursor: string, canary: string): Promise<void> {
  const page = await callFor(EventPage, "GET", `/events/poll?cursor=${cursor}`, { as: user });
  expect(page.data).not.toEqual([]);
  expect(JSON.stringify(page)).not.toContain(canary);
}

function change(user: TestUser, method: "PUT" | "PATCH" | "POST" | "DELETE", path: string, body?: unknown) {
  return call(method, `/api/v1${path}`, { as: user, ...(body === undefined ? {} : { body }) });
}

test("a chat is told of when it is made, named, written in, deleted and restored, and after a turn", async () => {
  const { user, cursor, canary } = await start();
  const { id } = await callFor(WithId, "POST", "/chats", { as: user, body: { title: canary } });
  await expect.poll(() => heard(user, "chats", cursor)).toEqual([["created", id]]);
  await change(user, "PUT", `/chats/${id}`, { title: `${canary} again` });
  await expect.poll(() => heard(user, "chats", cursor)).toHaveLength(2);
  await change(user, "POST", `/chats/${id}/messages`, { content: canary });
  await change(user, "DELETE", `/chats/${id}`);
  await change(user, "POST", `/chats/${id}/restore`);
  const device = await connect(user);
  const word = await scriptWord([{ reply: says(canary) }]);
  await device.end(device.ask(`${canary} ${word}`, { chat_id: id }));
  const changes = ["created", "updated", "messages", "deleted", "restored", "messages"];
  await expect.poll(() => heard(user, "chats", cursor)).toEqual(changes.map((each) => [each, id]));
  await expectNoWords(user, cursor, canary);
});

test("memory is told of when something is learnt, changed and forgotten, and when all is", async () => {
  const { user, cursor, canary } = await start();
  const { id } = await callFor(WithId, "PUT", "/memory/core/name", { as: user, body: { value: canary } });
  await callFor(WithId, "PUT", "/memory/core/name", { as: user, body: { value: `${canary}!` } });
  const told = await heard(user, "memory", cursor);
  expect(told[0]).toEqual(["learned", id]);
  expect(told.length).toBeGreaterThan(1);
  const after = (await callFor(EventPage, "GET", "/events/poll", { as: user })).cursor;
  expect((await change(user, "DELETE", "/memory/core/name")).status).toBe(204);
  const forgotten = await heard(user, "memory", after);
  expect(new Set(forgotten.map(([each]) => each))).toEqual(new Set(["forgotten"]));
  expect(forgotten.map(([, each]) => each)).toContain(told.at(-1)?.[1]);
  expect((await change(user, "DELETE", "/memory")).status).toBe(204);
  expect((await heard(user, "memory", after)).at(-1)).toEqual(["forgotten", undefined]);
  await expectNoWords(user, cursor, canary);
});

test("an agent is told of when it is made, changed, deleted and restored", async () => {
  const { user, cursor, canary } = await start();
  const { id } = await newAgent(user, { name: canary });
  await callFor(Agent, "PATCH", `/agents/${id}`, { as: user, body: { description: canary } });
  await change(user, "DELETE", `/agents/${id}`);
  await change(user, "POST", `/agents/${id}/restore`, {});
  const changes = ["created", "updated", "deleted", "restored"];
  expect(await heard(user, "agents", cursor)).toEqual(changes.map((each) => [each, id]));
  await expectNoWords(user, cursor, canary);
});

test("a collection is told of when it is made, filled, changed, deleted and restored", async () => {
  const { user, cursor, canary } = await start();
  const { id } = await newCollection(user, { name: canary });
  await ingested(user, { collection_id: id, title: canary, content: canary });
  await change(user, "PATCH", `/rag/collections/${id}`, { name: `${canary}!` });
  await change(user, "DELETE", `/rag/collections/${id}`);
  await change(user, "POST", `/rag/collections/${id}/undelete`);
  const changes = ["created", "content", "updated", "deleted", "restored"];
  await expect.poll(() => heard(user, "collections", cursor)).toEqual(changes.map((each) => [each, id]));
  await expectNoWords(user, cursor, canary);
});
