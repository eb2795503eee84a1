/** A process may die at any of its steps, before or after the database has done it: what was found before is found whole,
 * and whoever takes the work up ends as if nothing had happened. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { ingestDocument } from "../../../src/features/knowledge/ingest.ts";
import type { CreateCollection } from "../../../src/features/knowledge/schema.ts";
import {
  createCollection,
  createDocument,
  replaceDocument,
  searchKnowledge,
} from "../../../src/features/knowledge/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import type { Database } from "../../../src/platform/db.ts";
import { connectAs } from "../../support/database.ts";
import { EACH_POSTING, indexMistakes, NO_MISTAKES } from "../../support/postings.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const COLLECTION: CreateCollection = {
  name: "Faults",
  description: "",
  settings: { chunk_tokens: 64, overlap_tokens: 0 },
  versions_kept: 1,
};
const textOf = (...animals: string[]) =>
  animals
    .map(
      (animal) =>
        `The ${animal} was counted by the lake in every month of the year, and ${animal} it stayed.`,
    )
    .join("\n\n");
const OLD = textOf("otter", "heron", "badger", "marten");
const NEW = textOf("kestrel", "otter", "heron", "lynx");

class Died extends Error {}

let user: TestUser;

beforeAll(async () => {
  user = await newUser(env);
});

/** Nobody but the test reads what is sent. */
function person(): Ctx {
  const ctx = userCtx(env, user);
  const ingest = { send: async () => {} } as unknown as Queue;
  return { ...ctx, ports: { ...ctx.ports, ingest } };
}

function worker(): Ctx {
  return userCtx(env, user, { actor: { kind: "system", job: "document.ingest", userId: user.userId } });
}

/** Dies at its step with this number: in place of it, or after it was done. */
function mortal(step: number, when: "before" | "after"): { ctx: Ctx; steps: () => number } {
  const ctx = worker();
  let steps = 0;
  const dying = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    const isLast = steps++ === step;
    if (isLast && when === "before") throw new Died();
    const result = await act();
    if (isLast) throw new Died();
    return result;
  };
  const db = {
    ...ctx.db,
    run: (...args: Parameters<Database["run"]>) => dying(() => ctx.db.run(...args)),
  } as unknown as Database;
  const { objects } = ctx.ports;
  const bucket = {
    get: (name: string) => dying(() => objects.get(name)),
    delete: (names: string[]) => dying(() => objects.delete(names)),
  } as unknown as R2Bucket;
  return { ctx: { ...ctx, db, ports: { ...ctx.ports, objects: bucket } }, steps: () => steps };
}

async function findAll(collectionId: string): Promise<string> {
  const { data } = await searchKnowledge(person(), {
    collection_id: collectionId,
    query: "counted by the lake",
    limit: 50,
    diversity: 0,
  });
  return data
    .toSorted((one, other) => one.position.start - other.position.start)
    .map(({ text }) => text)
    .join("\n\n");
}

/** How much there is of everything that is made of a document. */
async function madeOf(documentId: string) {
  const { rows } = await connectAs(env, "postgres").execute(sql`
    select status, due_at,
      (select count(*)::integer from chunks where document_id = d.id and not hidden) as visible,
      (select count(*)::integer from chunks where document_id = d.id) as chunks,
      (select count(*)::integer from chunks c join chunk_vectors on chunk_id = c.id where document_id = d.id) as vectors,
      (select count(*)::integer from chunks c join ${sql.raw(EACH_POSTING)} as posting on chunk = c.number where document_id = d.id) as postings,
      (select count(*)::integer from chunk_places where document_id = d.id) as places,
      (select count(*)::integer from document_versions where document_id = d.id) as uploads
    from documents d where id = ${documentId}`);
  const { objects } = worker().ports;
  const bytes = (await objects.list({ prefix: `knowledge/${user.tenantId}/${documentId}/` })).objects.length;
  return { ...rows[0], bytes };
}

async function mistakesIn(collectionId: string) {
  const { rows } = await connectAs(env, "postgres").execute(sql.raw(indexMistakes(`id = '${collectionId}'`)));
  return rows[0];
}

/** A document that was read once and sent anew. */
async function resent(): Promise<{ collectionId: string; documentId: string; version: number }> {
  const { id: collectionId } = await createCollection(person(), COLLECTION, newId());
  const input = { content: OLD, encoding: "text", type: "text" } as const;
  const sent = await createDocument(person(), { ...input, collection_id: collectionId }, newId());
  await ingestDocument(worker(), { documentId: sent.id, version: sent.version });
  const again = await replaceDocument(person(), sent.id, { ...input, content: NEW }, newId(), undefined);
  return { collectionId, documentId: sent.id, version: again.version };
}

test("a process that dies anywhere leaves the old content or the new, and the next one ends its work", async () => {
  const whole = await resent();
  await ingestDocument(worker(), whole);
  const expected = await madeOf(whole.documentId);
  expect(expected).toMatchObject({ status: "ready", uploads: 1, bytes: 1, due_at: null });
  let deaths = 0;
  for (let step = 0; ; step++) {
    for (const when of ["before", "after"] as const) {
      const { collectionId, ...asked } = await resent();
      const { ctx, steps } = mortal(step, when);
      await ingestDocument(ctx, asked).catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
        deaths++;
      });
      expect([OLD, NEW], `${when} step ${step}`).toContain(await findAll(collectionId));
      await ingestDocument(worker(), asked);
      expect(await findAll(collectionId), `${when} step ${step}`).toBe(NEW);
      expect(await madeOf(asked.documentId), `${when} step ${step}`).toEqual(expected);
      expect(await mistakesIn(collectionId), `${when} step ${step}`).toEqual(NO_MISTAKES);
      if (steps() <= step) {
        expect(deaths).toBeGreaterThan(20);
        return;
      }
    }
  }
}, 120_000);
