/** Changes of one text at the same moment, on a real server: the embedded one never runs two statements at once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  addMessage,
  createChat,
  deleteMessage,
  listChats,
  restoreMessage,
  updateChat,
  updateMessage,
} from "../../../src/features/chat/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { findPostgres } from "../../support/real-postgres.ts";
import { type RealService, startRealService } from "../../support/real-service.ts";
import { newUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
/** Enough for two changes to meet in each of their steps. */
const ROUNDS = 25;

let service: RealService;
let ctx: Ctx;

beforeAll(async () => {
  if (!bin) return;
  service = await startRealService(bin, { chatChanged: async () => {} });
  ctx = userCtx(service.env, await newUser(service.env));
});

afterAll(async () => service?.stop());

test.skipIf(!bin)(
  "of two changes of a message at once, the index has the words of the one that stays",
  async () => {
    const chat = await newChat("Garden");
    const { id } = await addMessage(ctx, chat, { role: "user", content: "nothing" }, newId());
    for (let round = 0; round < ROUNDS; round++) {
      const words = ["beans", "peas", "leeks"].map((word) => `${word}${round}`);
      await Promise.all(words.map((content) => updateMessage(ctx, id, { content }, undefined)));
      expect(await wordsFound(words), `round ${round}`).toHaveLength(1);
      expect(await terms(id)).toBe(1);
    }
  },
);

test.skipIf(!bin)(
  "of two changes of a title at once, the index has the words of the one that stays",
  async () => {
    const chat = await newChat("Garden");
    for (let round = 0; round < ROUNDS; round++) {
      const words = ["attic", "cellar", "roof"].map((word) => `${word}${round}`);
      await Promise.all(words.map((title) => updateChat(ctx, chat, { title }, undefined)));
      expect(await wordsFound(words), `round ${round}`).toHaveLength(1);
      expect(await terms(chat)).toBe(1);
    }
  },
);

test.skipIf(!bin)(
  "a message that is changed, deleted and restored at once is in the index as it ends",
  async () => {
    const chat = await newChat("Garden");
    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await addMessage(ctx, chat, { role: "user", content: `seed${round}` }, newId());
      await Promise.allSettled([
        updateMessage(ctx, id, { content: `sprout${round}` }, undefined),
        deleteMessage(ctx, id, undefined),
        restoreMessage(ctx, id),
        updateMessage(ctx, id, { content: `bloom${round}` }, undefined),
      ]);
      const [state] = await service.admin(
        `select deleted_at is null as live from messages where id = '${id}'`,
      );
      expect(await terms(id), `round ${round}`).toBe(state?.["live"] ? 1 : 0);
    }
  },
);

async function newChat(title: string): Promise<string> {
  return (await createChat(ctx, { title, agent: "home" }, newId())).id;
}

async function wordsFound(words: string[]): Promise<string[]> {
  const found = await Promise.all(
    words.map(async (q) => (await listChats(ctx, { q, limit: 10, deleted: false })).data.length > 0),
  );
  return words.filter((_, index) => found[index]);
}

async function terms(documentId: string): Promise<number> {
  const [row] = await service.admin(
    `select count(*)::integer as count from chat_terms where document_id = '${documentId}'`,
  );
  return Number(row?.["count"]);
}
