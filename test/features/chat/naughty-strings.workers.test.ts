/// <reference types="vite/client" />
/** Strings that break parsers, from the shared material beside the repository where it is present. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { z } from "zod";
import { Chat, ChatPage, Message, MessagePage } from "../../../src/features/chat/schema.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newUser } from "../../support/users.ts";

const found = import.meta.glob("../../../../shared/data/hostile/naughty-strings.json", {
  eager: true,
  import: "default",
});
const STRINGS = z.array(z.string()).parse(Object.values(found)[0] ?? []);
const [empty, others] = [STRINGS.filter((text) => text === ""), STRINGS.filter((text) => text !== "")];
const missing = STRINGS.length === 0;
if (missing) console.warn("skipped: ../shared/data/hostile/naughty-strings.json is not here");

const AT_ONCE = 8;

async function inBatches<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    await Promise.all(items.slice(start, start + AT_ONCE).map(work));
  }
}

async function readAll<Item>(
  read: (cursor: string) => Promise<{ data: Item[]; next_cursor: string | null }>,
) {
  const all: Item[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: { data: Item[]; next_cursor: string | null } = await read(
      cursor === "" ? "" : `&cursor=${cursor}`,
    );
    all.push(...page.data);
    cursor = page.next_cursor;
  }
  return all;
}

test.skipIf(missing)("every naughty string comes back exactly as a chat's title", async () => {
  const user = await newUser(env);
  const sent = new Map<string, string>();
  await inBatches(others, async (title) => {
    const chat = await callFor(Chat, "POST", "/chats", { as: user, body: { title } });
    expect(chat.title).toBe(title);
    sent.set(chat.id, title);
  });
  const listed = await readAll((cursor) =>
    callFor(ChatPage, "GET", `/chats?limit=100${cursor}`, { as: user }),
  );
  expect(new Map(listed.map(({ id, title }) => [id, title]))).toEqual(sent);
});

test.skipIf(missing)("every naughty string comes back exactly as a message", async () => {
  const user = await newUser(env);
  const chat = await callFor(Chat, "POST", "/chats", { as: user, body: { title: "Hostile" } });
  const path = `/chats/${chat.id}/messages`;
  const sent = new Map<string, string>();
  await inBatches(others, async (content) => {
    const message = await callFor(Message, "POST", path, { as: user, body: { content } });
    sent.set(message.id, content);
  });
  const listed = await readAll((cursor) =>
    callFor(MessagePage, "GET", `${path}?limit=100${cursor}`, { as: user }),
  );
  expect(new Map(listed.map(({ id, content }) => [id, content]))).toEqual(sent);
});

test.skipIf(missing)(
  "a naughty string in place of an id, a cursor or a key is refused and breaks nothing",
  async () => {
    const user = await newUser(env);
    await inBatches([...empty, ...others], async (text) => {
      const inPath = text.isWellFormed() ? encodeURIComponent(text) : "x";
      const statuses = [
        (await call("GET", `/api/v1/chats?cursor=${inPath}`, { as: user })).status,
        (await call("GET", `/api/v1/messages/x${inPath}`, { as: user })).status,
        (await call("POST", "/api/v1/chats", { as: user, body: { title: "x", agent: text } })).status,
      ];
      for (const status of statuses) expect([400, 404, 422], text).toContain(status);
      // As words to search for it is text like any other, unless it is empty or too long.
      const search = await call("GET", `/api/v1/chats?q=${inPath}`, { as: user });
      expect([200, 422], text).toContain(search.status);
    });
    const last = await call("GET", "/api/v1/chats", {
      as: user,
      headers: { "idempotency-key": "not on a read" },
    });
    expect(last.status).toBe(200);
    expect(await problemOf(await call("GET", "/api/v1/nothing", { as: user }))).toMatchObject({
      code: "not_found",
    });
  },
);
