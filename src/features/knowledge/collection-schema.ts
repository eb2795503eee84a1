import * as z from "zod";
import { PageQuery, pageOf } from "../../lib/pagination.ts";
import { exactText } from "../../lib/text.ts";
import { CHUNK_SETTINGS } from "./core/chunk.ts";

const NAME_CHARS_MAX = 200;
const DESCRIPTION_CHARS_MAX = 2_000;

const VERSIONS_KEPT_DEFAULT = 10;

const time = z.iso.datetime();
const Name = exactText(NAME_CHARS_MAX).meta({ examples: ["Handbooks"] });
const Description = z.string().max(DESCRIPTION_CHARS_MAX);

const ChunkTokens = z.int().min(64).max(1_024).describe("Tokens of a chunk at most");
const OverlapTokens = z
  .int()
  .min(0)
  .max(256)
  .describe("Tokens a chunk repeats of the one before; half of `chunk_tokens` at most counts");
const Settings = z.object({ chunk_tokens: ChunkTokens, overlap_tokens: OverlapTokens });
const SETTINGS_DEFAULT = {
  chunk_tokens: CHUNK_SETTINGS.tokensMax,
  overlap_tokens: CHUNK_SETTINGS.overlapTokens,
};

const VersionsKept = z
  .int()
  .min(1)
  .max(50)
  .describe("How many versions of its content can be searched and restored, the newest included");

export const CollectionId = z.object({ id: z.uuid() });

export const Collection = z
  .object({
    id: z.uuid(),
    name: z.string().meta({ examples: ["Handbooks"] }),
    description: z.string(),
    settings: Settings,
    versions_kept: VersionsKept,
    content_version: z
      .int()
      .describe("Rises by one with each change of what can be found; 0 until there is something"),
    embedder: z.string().describe("The vector space of its chunks"),
    version: z.int().positive(),
    created_at: time,
    updated_at: time,
    deleted_at: time
      .nullable()
      .meta({ description: "When it was deleted; for 30 days that can be undone", examples: [null] }),
  })
  .meta({ id: "Collection" });
export type Collection = z.infer<typeof Collection>;
export const CollectionPage = pageOf(Collection);

export const ListCollections = PageQuery.extend({
  deleted: z.stringbool().default(false).describe("Lists your deleted collections instead"),
});
export type ListCollections = z.infer<typeof ListCollections>;

export const CreateCollection = z.object({
  name: Name,
  description: Description.default(""),
  settings: Settings.default(SETTINGS_DEFAULT),
  versions_kept: VersionsKept.default(VERSIONS_KEPT_DEFAULT),
});
export type CreateCollection = z.infer<typeof CreateCollection>;

export const UpdateCollection = z.object({
  name: Name.optional(),
  description: Description.optional(),
  settings: Settings.partial().optional().describe("Count for documents that are sent from now on"),
  versions_kept: VersionsKept.optional(),
});
export type UpdateCollection = z.infer<typeof UpdateCollection>;

export const Reindexing = z.object({
  documents: z.int().describe("How many are read again; each tells its state"),
});
export type Reindexing = z.infer<typeof Reindexing>;

const DocumentCounts = z.object({
  queued: z.int(),
  parsing: z.int(),
  embedding: z.int(),
  ready: z.int(),
  failed: z.int(),
  cancelled: z.int(),
});

export const CollectionStatistics = z.object({
  documents: DocumentCounts.describe("How many are in each state"),
  chunks: z.int().describe("That can be found"),
  bytes: z.int().describe("Of the documents that can be found, as they were sent"),
  bytes_kept: z.int().describe("Of all uploads that are kept for earlier versions too"),
  outdated: z.int().describe("Documents that were read with other settings than the collection has now"),
});
export type CollectionStatistics = z.infer<typeof CollectionStatistics>;

export const VersionCause = z.enum([
  "document_added",
  "document_replaced",
  "document_deleted",
  "restored",
  "reindexed",
]);
export type VersionCause = z.infer<typeof VersionCause>;

export const CollectionVersion = z
  .object({
    number: z.int(),
    cause: VersionCause,
    document_id: z.uuid().nullable().describe("Which document changed; null for what changed several"),
    restored_from: z.int().nullable(),
    outlives: z.int().describe("How many more versions it stays for; with the next one after them it goes"),
    kept_until: time.nullable().meta({
      description:
        "Until then it is kept however many versions follow, unless as many restorations do: one took its place",
      examples: [null],
    }),
    created_at: time,
  })
  .meta({ id: "CollectionVersion" });
export type CollectionVersion = z.infer<typeof CollectionVersion>;
export const CollectionVersionPage = pageOf(CollectionVersion);

export const ListVersions = PageQuery;
export type ListVersions = z.infer<typeof ListVersions>;

export const RestoredCollection = Collection.extend({
  replaced: z
    .object({
      version: z.int(),
      documents: z.int().describe("How many of its documents can be found no more"),
      kept_until: time.describe(
        "Until then it can be restored, however many versions follow, unless as many restorations do; what only it has goes " +
          "after that",
      ),
    })
    .nullable()
    .describe("The version that was the newest; null where that was the one to restore"),
}).meta({ id: "RestoredCollection" });
export type RestoredCollection = z.infer<typeof RestoredCollection>;

export const RestoreCollection = z.object({
  version: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});
export type RestoreCollection = z.infer<typeof RestoreCollection>;
