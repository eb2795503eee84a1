/** Changes of one collection at the same moment, on a real server: the embedded one never runs two statements at once. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
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
import { indexMistakes, NO_MISTAKES } from "../../support/postings.ts";
import { findPostgres } from "../../support/real-postgres.ts";
import { type RealService, startRealService } from "../../support/real-service.ts";
import { newUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
/** Enough for two changes to meet in each of their steps. */
const ROUNDS = 12;
/** For all rounds on a busy machine. */
const SLOW_MS = 120_000;

let service: RealService;
let person: Ctx;
let worker: Ctx;

beforeAll(async () => {
  if (!bin) return;
  service = await startRealService(bin);
  const user = await newUser(service.env);
  person = userCtx(service.env, user);
  worker = userCtx(service.env, user, {
    actor: { kind: "system", job: "document.ingest", userId: user.userId },
  });
});

afterEach(async () => {
  if (bin) expect(await service.admin(indexMistakes("true"))).toEqual([NO_MISTAKES]);
});

afterAll(async () => service?.stop());

const textOf = (...animals: string[]) =>
  animals
    .map(
      (animal) =>
        `The ${animal} was counted by the lake in every month of the year, and ${animal} it stayed.`,
    )
    .join("\n\n");
const inputOf = (...animals: string[]) =>
  ({ content: textOf(...animals), encoding: "text", type: "text" }) as const;

async function newCollection(versions_kept = 50): Promise<string> {
  const settings = { chunk_tokens: 64, overlap_tokens: 0 };
  const input = { name: "Race", description: "", settings, versions_kept };
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
      const [row] = await service.admin(`select content_version from collections where id = '${collection}'`);
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
  "documents that are read and deleted at once share the rows of their words, and lose nothing in them",
  async () => {
    const collection = await newCollection();
    const animals = Array.from({ length: 150 }, (_, at) => `animal${at}`);
    const texts = [animals, animals.slice(0, 100), animals.slice(50)].map((some) => inputOf(...some));
    for (let round = 0; round < ROUNDS / 3; round++) {
      const old = await newDocument(collection, ...animals);
      const sent = await Promise.all(
        texts.map((text) => createDocument(person, { ...text, collection_id: collection }, newId())),
      );
      await Promise.all([
        deleteDocument(person, old),
        ...sent.map(({ id, version }) => ingestDocument(worker, { documentId: id, version })),
      ]);
      expect(await service.admin(indexMistakes("true")), `round ${round}`).toEqual([NO_MISTAKES]);
      await Promise.all(sent.map(({ id }) => deleteDocument(person, id)));
    }
    const left = await service.admin(`
      select token from postings join collections on number = collection where id = '${collection}'
      union all select token from token_counts join collections on number = collection where id = '${collection}'`);
    expect(left).toEqual([]);
  },
  SLOW_MS,
);

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
      const rows = await service.admin(`
      select (select count(*)::integer from chunks c where c.collection = k.number and hidden = exists (
          select from chunk_places p join document_versions v on v.document_id = p.document_id and v.number = p.upload
          where p.chunk = c.number and upper_inf(v.versions))) as wrong,
        (select max(count)::integer from (select count(*) from document_versions v
          where v.collection = k.number and upper_inf(versions) group by document_id) as newest) as newest
      from collections k where id = '${collection}'`);
      expect(rows, `round ${round}`).toEqual([{ wrong: 0, newest: 1 }]);
    }
  },
  SLOW_MS,
);

test.skipIf(!bin)(
  "restoring while earlier versions are pruned leaves each kept version whole, with the bytes of each upload",
  async () => {
    for (let round = 0; round < ROUNDS / 3; round++) {
      const collection = await newCollection(3);
      const document = await newDocument(collection, "otter");
      for (const animal of ["heron", "badger", "marten"]) await replace(document, animal);
      const { version } = await replaceDocument(person, document, inputOf("lynx"), newId(), undefined);
      const outcomes = await Promise.allSettled([
        restoreCollection(person, collection, 2, undefined),
        ingestDocument(worker, { documentId: document, version }),
        restoreCollection(person, collection, 3, undefined),
      ]);
      // One that comes after the pruning is told that its version is gone.
      const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      for (const reason of reasons)
        expect(reason, `round ${round}`).toMatchObject({ code: expect.stringMatching(/not_found|conflict/) });
      const kept = await service.admin(`
        select each.number, each.number > content_version - 3 or left_at is not null as is_wanted
        from collection_versions as each join collections on id = collection_id where id = '${collection}'`);
      // Beside the last three those that a restoration took the place of.
      expect(kept.length, `round ${round}`).toBeGreaterThanOrEqual(3);
      expect(kept.filter((row) => row["is_wanted"] !== true)).toEqual([]);
      for (const { number } of kept) {
        expect(await animalsIn(collection, Number(number)), `round ${round}`).toHaveLength(1);
      }
      expect(await bytesOf(document), `round ${round}`).toEqual(await uploadsOf(document));
    }
  },
  SLOW_MS,
);

test.skipIf(!bin)("bytes that come while their upload is being pruned are not left behind", async () => {
  const { OBJECTS } = service.env;
  const document = await newDocument(await newCollection(), "otter");
  const [put, remove] = [OBJECTS.put.bind(OBJECTS), OBJECTS.delete.bind(OBJECTS)];
  const coming = Promise.withResolvers<void>();
  const slow = newId();
  const late: typeof OBJECTS.put = async (...rest: Parameters<typeof put>) => {
    if (rest[0].includes(slow)) await coming.promise;
    return put(...rest);
  };
  const puts = vi.spyOn(OBJECTS, "put").mockImplementation(late);
  const replacing = replaceDocument(person, document, inputOf("heron"), slow, undefined);
  await vi.waitUntil(() => puts.mock.calls.some(([name]) => name.includes(slow)), { timeout: 10_000 });
  vi.spyOn(OBJECTS, "delete").mockImplementation(async (names) => {
    await remove(names);
    if (!String(names).includes(slow)) return;
    coming.resolve();
    await replacing;
  });
  await replace(document, "badger");
  vi.restoreAllMocks();
  expect(await bytesOf(document)).toEqual(await uploadsOf(document));
});

async function replace(document: string, animal: string): Promise<void> {
  const { version } = await replaceDocument(person, document, inputOf(animal), newId(), undefined);
  await ingestDocument(worker, { documentId: document, version });
}

/** The uploads whose bytes are there. */
async function bytesOf(document: string): Promise<string[]> {
  const { objects } = await service.env.OBJECTS.list({ prefix: `knowledge/${person.tenantId}/${document}/` });
  return objects.map(({ key }) => key.split("/").at(-1) ?? "").toSorted();
}

async function uploadsOf(document: string): Promise<unknown[]> {
  const rows = await service.admin(`
    select upload_id from document_versions where document_id = '${document}' order by upload_id::text`);
  return rows.map((row) => row["upload_id"]);
}
