/** Documents that are read again while others change them, on a real server: the embedded one runs one statement at a time. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ingestDocument } from "../../../src/features/knowledge/ingest.ts";
import {
  createCollection,
  createDocument,
  getDocument,
  reindexCollection,
  replaceDocument,
  restoreCollection,
  searchKnowledge,
  updateCollection,
  updateDocument,
} from "../../../src/features/knowledge/service.ts";
import { AppError } from "../../../src/lib/errors.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { indexMistakes, NO_MISTAKES } from "../../support/postings.ts";
import { findPostgres } from "../../support/real-postgres.ts";
import { type RealService, startRealService } from "../../support/real-service.ts";
import { newUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
/** Enough for two changes to meet in each of their steps. */
const ROUNDS = 16;
/** For all rounds on a busy machine. */
const SLOW_MS = 120_000;

/** In the place of the platform's, which also makes sure of the length. */
class PassThrough extends TransformStream {
  constructor(_length: number) {
    super();
  }
}

let service: RealService;
let person: Ctx;
let worker: Ctx;

beforeAll(async () => {
  if (!bin) return;
  vi.stubGlobal("FixedLengthStream", PassThrough);
  service = await startRealService(bin);
  const user = await newUser(service.env);
  person = userCtx(service.env, user);
  worker = userCtx(service.env, user, {
    actor: { kind: "system", job: "document.ingest", userId: user.userId },
  });
});

afterAll(async () => {
  if (!bin) return;
  expect(await service.admin(indexMistakes("true"))).toEqual([NO_MISTAKES]);
  await service.stop();
  vi.unstubAllGlobals();
});

const inputOf = (animal: string) =>
  ({
    content: Array.from({ length: 12 }, (_, month) => `In month ${month} the ${animal} was seen.`).join(
      "\n\n",
    ),
    encoding: "text",
    type: "text",
  }) as const;

async function newCollection(): Promise<string> {
  const settings = { chunk_tokens: 400, overlap_tokens: 0 };
  const input = { name: "Race", description: "", settings, versions_kept: 50 };
  return (await createCollection(person, input, newId())).id;
}

async function newDocument(collection_id: string, animal: string): Promise<string> {
  const { id } = await createDocument(person, { ...inputOf(animal), collection_id }, newId());
  return read(id);
}

async function read(id: string): Promise<string> {
  const { version } = await getDocument(person, id);
  await ingestDocument(worker, { documentId: id, version });
  return id;
}

async function animalsIn(collection_id: string): Promise<Set<string>> {
  const asked = { collection_id, query: "what was seen in which month", limit: 50, diversity: 0 };
  const texts = (await searchKnowledge(person, asked)).data.map(({ text }) => text).join("\n");
  return new Set([...texts.matchAll(/the (\w+) was/g)].map(([, animal = ""]) => animal));
}

async function versionOf(collection: string): Promise<unknown> {
  const [row] = await service.admin(`select content_version from collections where id = '${collection}'`);
  return row?.["content_version"];
}

/** Settings that the collection does not have. */
async function resize(collection: string, round: number): Promise<void> {
  const chunk_tokens = round % 2 === 0 ? 64 : 400;
  await updateCollection(person, collection, { settings: { chunk_tokens } }, undefined);
}

test.skipIf(!bin)(
  "documents of a collection that are read again at once make one version",
  async () => {
    const collection = await newCollection();
    const animals = ["otter", "heron", "badger", "marten", "lynx"];
    const ids = await Promise.all(animals.map((animal) => newDocument(collection, animal)));
    for (let round = 0; round < 4; round++) {
      await resize(collection, round);
      expect(await reindexCollection(person, collection)).toEqual({ documents: animals.length });
      await Promise.all([...ids, ...ids].map(read));
      expect(await versionOf(collection)).toBe(animals.length + 1 + round);
      expect(await animalsIn(collection)).toEqual(new Set(animals));
    }
  },
  SLOW_MS,
);

test.skipIf(!bin)(
  "what is to be read again as a version is restored never takes the place of what was restored",
  async () => {
    const collection = await newCollection();
    const document = await newDocument(collection, "otter");
    await replaceDocument(person, document, inputOf("heron"), newId(), undefined);
    await read(document);
    const shown = { otter: 1, heron: 2 };
    for (let round = 0; round < ROUNDS; round++) {
      const animal = round % 2 === 0 ? "otter" : "heron";
      await resize(collection, round);
      const title = `Census ${round}`;
      const again = async () =>
        round % 4 < 2
          ? reindexCollection(person, collection)
          : updateDocument(person, document, { title }, undefined).catch((refused: unknown) => {
              if (!(refused instanceof AppError && refused.code === "conflict")) throw refused;
            });
      await Promise.all([again(), restoreCollection(person, collection, shown[animal], undefined)]);
      await read(document);
      expect(await animalsIn(collection), `round ${round}`).toEqual(new Set([animal]));
      shown[animal] = Number(await versionOf(collection));
    }
  },
  SLOW_MS,
);
