/** Changes of one collection at the same moment, on a real server: the embedded one never runs two statements at once. */
import { neon, neonConfig } from "@neondatabase/serverless";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../../dev/migrate.ts";
import { createSecrets } from "../../../dev/secrets.ts";
import { workerVars } from "../../../dev/worker-vars.ts";
import { ingestDocument } from "../../../src/features/knowledge/ingest.ts";
import {
  createCollection,
  createDocument,
  deleteDocument,
  replaceDocument,
  restoreCollection,
  searchKnowledge,
} from "../../../src/features/knowledge/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { memoryBucket } from "../../support/memory-bucket.ts";
import { findPostgres, type RealPostgres, startRealPostgres } from "../../support/real-postgres.ts";
import { type RealSql, serveSql } from "../../support/real-sql.ts";
import { newUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
/** Enough for two changes to meet in each of their steps. */
const ROUNDS = 12;

let postgres: RealPostgres;
let sql: RealSql;
let person: Ctx;
let worker: Ctx;

beforeAll(async () => {
  if (!bin) return;
  postgres = await startRealPostgres(bin);
  sql = await serveSql(postgres);
  const { wsProxy } = postgres;
  await migrate({ url: postgres.url("postgres"), wsProxy });
  const urls = {
    admin: postgres.url("postgres"),
    app: postgres.url("adjutant_app"),
    identity: postgres.url("adjutant_identity"),
    scheduler: postgres.url("adjutant_scheduler"),
  };
  const vars = workerVars({
    environment: "test",
    publicUrl: "http://adjutant.test",
    postgres: { urls, wsProxy, fetchEndpoint: sql.fetchEndpoint },
    secrets: createSecrets(),
    modelUrl: "http://127.0.0.1:9",
  });
  const bindings = ["ANALYTICS", "EMAIL", "MAINTENANCE", "AUTH_RATE_LIMIT", "USER_HUB"];
  const env = {
    ...vars,
    ...Object.fromEntries(bindings.map((name) => [name, {}])),
    OBJECTS: memoryBucket(),
    INGEST: { send: async () => {} },
  };
  neonConfig.fetchEndpoint = sql.fetchEndpoint;
  await admin("alter role adjutant_app password 'local'");
  await admin("alter role adjutant_identity password 'local'");
  const user = await newUser(env);
  person = userCtx(env, user);
  worker = userCtx(env, user, {
    actor: { kind: "system", job: "document.ingest", userId: user.userId },
  });
});

afterAll(async () => {
  await sql?.stop();
  await postgres?.stop();
});

const textOf = (...animals: string[]) =>
  animals
    .map(
      (animal) =>
        `The ${animal} was counted by the lake in every month of the year, and ${animal} it stayed.`,
    )
    .join("\n\n");
const inputOf = (...animals: string[]) =>
  ({ content: textOf(...animals), encoding: "text", type: "text" }) as const;

async function newCollection(): Promise<string> {
  const settings = { chunk_tokens: 64, overlap_tokens: 0 };
  const input = { name: "Race", description: "", settings, versions_kept: 50 };
  return (await createCollection(person, input, newId())).id;
}

async function newDocument(collectionId: string, ...animals: string[]): Promise<string> {
  const { id, version } = await createDocument(
    person,
    { ...inputOf(...animals), collection_id: collectionId },
    newId(),
  );
  await ingestDocument(worker, { documentId: id, version });
  return id;
}

/** Each of these animals that is found. */
async function animalsIn(collectionId: string, version?: number): Promise<string[]> {
  const { data } = await searchKnowledge(person, {
    collection_id: collectionId,
    query: "counted by the lake",
    limit: 50,
    diversity: 0,
    ...(version !== undefined && { version }),
  });
  const texts = data.map(({ text }) => text).join("\n");
  return [...texts.matchAll(/The (\w+) was/g)].map(([, animal = ""]) => animal).toSorted();
}

test.skipIf(!bin)(
  "two processes that read the same upload publish it once, with each chunk once",
  async () => {
    const collection = await newCollection();
    const document = await newDocument(collection, "otter", "heron", "badger");
    for (let round = 0; round < ROUNDS; round++) {
      const animals = ["otter", `marten${round}`, `lynx${round}`, "badger"];
      const { version } = await replaceDocument(person, document, inputOf(...animals), newId(), undefined);
      await Promise.all([1, 2, 3].map(() => ingestDocument(worker, { documentId: document, version })));
      expect(await animalsIn(collection), `round ${round}`).toEqual(animals.toSorted());
      const [row] = await admin(`select content_version from collections where id = '${collection}'`);
      expect(row?.["content_version"]).toBe(round + 2);
    }
  },
);

test.skipIf(!bin)("documents published at once make a version each, and none is lost", async () => {
  const collection = await newCollection();
  const animals = ["otter", "heron", "badger", "marten", "lynx", "kestrel"];
  const sent = await Promise.all(
    animals.map((animal) =>
      createDocument(person, { ...inputOf(animal), collection_id: collection }, newId()),
    ),
  );
  await Promise.all(sent.map(({ id, version }) => ingestDocument(worker, { documentId: id, version })));
  expect(await animalsIn(collection)).toEqual(animals.toSorted());
  for (let version = 1; version <= animals.length; version++) {
    expect(await animalsIn(collection, version)).toHaveLength(version);
  }
});

test.skipIf(!bin)(
  "publishing, restoring and deleting at once leave what one order of them would",
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const collection = await newCollection();
      const document = await newDocument(collection, "otter");
      const other = await newDocument(collection, "heron");
      const { version } = await replaceDocument(person, document, inputOf("badger"), newId(), undefined);
      const outcomes = await Promise.allSettled([
        ingestDocument(worker, { documentId: document, version }),
        restoreCollection(person, collection, 1, undefined),
        deleteDocument(person, other),
      ]);
      expect(
        outcomes.map(({ status }) => status),
        `round ${round}`,
      ).toEqual(Array(3).fill("fulfilled"));
      const found = await animalsIn(collection);
      expect([["badger"], ["otter"]], `round ${round}`).toContainEqual(found);
      const rows = await admin(`
      select (select count(*)::integer from chunks c where c.collection = k.number and hidden = exists (
          select from chunk_places p join document_versions v on v.document_id = p.document_id and v.number = p.upload
          where p.chunk = c.number and upper_inf(v.versions))) as wrong,
        (select max(count)::integer from (select count(*) from document_versions v
          where v.collection = k.number and upper_inf(versions) group by document_id) as newest) as newest
      from collections k where id = '${collection}'`);
      expect(rows, `round ${round}`).toEqual([{ wrong: 0, newest: 1 }]);
    }
  },
);

async function admin(query: string): Promise<Record<string, unknown>[]> {
  return neon(postgres.url("postgres")).query(query);
}
