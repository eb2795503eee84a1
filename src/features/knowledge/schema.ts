import { z } from "zod";
import { PageQuery, pageOf } from "../../lib/pagination.ts";
import { exactText } from "../../lib/text.ts";
import { CHUNK_SETTINGS } from "./core/chunk.ts";
import { DOCUMENT_TYPES } from "./core/parse/document.ts";

const NAME_CHARS_MAX = 200;
const DESCRIPTION_CHARS_MAX = 2_000;
const TITLE_CHARS_MAX = 300;
/** Under the limit of a JSON body, escapes included. */
const CONTENT_CHARS_MAX = 1_000_000;
const QUERY_CHARS_MAX = 2_000;
const URL_CHARS_MAX = 2_000;
const BATCH_MAX = 20;
const RESULTS_DEFAULT = 8;
const RESULTS_MAX = 50;

const VERSIONS_KEPT_DEFAULT = 10;

const METADATA_KEYS_MAX = 32;
const METADATA_CHARS_MAX = 500;
const FILTER_KEYS_MAX = 8;
const FILTER_VALUES_MAX = 20;
const FILTER_DOCUMENTS_MAX = 100;

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
export const DocumentId = z.object({ id: z.uuid() });

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
  name: Name,
  description: Description.optional(),
  settings: Settings.optional().describe("Count for documents that are sent from now on"),
  versions_kept: VersionsKept.optional(),
});
export type UpdateCollection = z.infer<typeof UpdateCollection>;

export const VersionCause = z.enum(["document_added", "document_replaced", "document_deleted", "restored"]);
export type VersionCause = z.infer<typeof VersionCause>;

export const CollectionVersion = z
  .object({
    number: z.int(),
    cause: VersionCause,
    document_id: z.uuid().nullable().describe("Which document changed; null for a restoration"),
    restored_from: z.int().nullable(),
    created_at: time,
  })
  .meta({ id: "CollectionVersion" });
export type CollectionVersion = z.infer<typeof CollectionVersion>;
export const CollectionVersionPage = pageOf(CollectionVersion);

export const ListVersions = PageQuery;
export type ListVersions = z.infer<typeof ListVersions>;

export const RestoreCollection = z.object({
  version: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});
export type RestoreCollection = z.infer<typeof RestoreCollection>;

export const DocumentStatus = z.enum(["queued", "parsing", "embedding", "ready", "failed"]);
export type DocumentStatus = z.infer<typeof DocumentStatus>;

const MetadataKey = exactText(64);
const MetadataValue = z.union([
  z
    .string()
    .max(METADATA_CHARS_MAX)
    .refine((text) => text.isWellFormed(), { message: "holds half a surrogate pair, which is no character" }),
  z.number(),
  z.boolean(),
]);

/** What its owner says of a document, for filters. */
export const Metadata = z
  .record(MetadataKey, MetadataValue)
  .refine((metadata) => Object.keys(metadata).length <= METADATA_KEYS_MAX, {
    message: `has more than ${METADATA_KEYS_MAX} keys`,
  })
  .describe(`At most ${METADATA_KEYS_MAX} keys with a text, a number or a boolean each`)
  .meta({ examples: [{ department: "sales", year: 2026 }] });
export type Metadata = z.infer<typeof Metadata>;

export const SearchFilter = z
  .object({
    metadata: z
      .record(MetadataKey, z.union([MetadataValue, z.array(MetadataValue).min(1).max(FILTER_VALUES_MAX)]))
      .refine((metadata) => Object.keys(metadata).length <= FILTER_KEYS_MAX, {
        message: `has more than ${FILTER_KEYS_MAX} keys`,
      })
      .describe("Each key has exactly this value, or one of these")
      .meta({ examples: [{ department: ["sales", "support"] }] }),
    document_ids: z.array(z.uuid()).min(1).max(FILTER_DOCUMENTS_MAX),
    types: z.array(z.enum(DOCUMENT_TYPES)).min(1),
    created_after: time,
    created_before: time,
  })
  .partial()
  .describe("Only documents for which all of it holds are searched");
export type SearchFilter = z.infer<typeof SearchFilter>;

export const Document = z
  .object({
    id: z.uuid(),
    collection_id: z.uuid(),
    title: z.string().meta({ examples: ["Onboarding"] }),
    url: z.string().nullable().describe("Where it was fetched"),
    metadata: Metadata,
    type: z.enum(DOCUMENT_TYPES),
    size: z.int().describe("Bytes; 0 while it is not known"),
    status: DocumentStatus,
    progress: z.number().min(0).max(1),
    reason: z.string().nullable().describe("Why it failed, for a person to read"),
    notes: z.array(z.string()).describe("What was left out, a sentence each"),
    chunks: z.int().describe("How many can be found"),
    status_url: z.string().describe("Ask here until the status is `ready` or `failed`"),
    version: z.int().positive(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: "Document" });
export type Document = z.infer<typeof Document>;
export const DocumentPage = pageOf(Document);

export const DocumentVersion = z
  .object({
    number: z.int().describe("Of its uploads, from 1"),
    title: z.string(),
    type: z.enum(DOCUMENT_TYPES),
    size: z.int().describe("Bytes"),
    chunks: z.int(),
    visible_in: z
      .array(z.object({ from: z.int(), to: z.int().nullable().describe("Null for up to the newest") }))
      .describe(
        "Content versions of the collection in which it can be found; none if it never was or still is being read",
      ),
    created_at: time,
  })
  .meta({ id: "DocumentVersion" });
export type DocumentVersion = z.infer<typeof DocumentVersion>;
export const DocumentVersionPage = pageOf(DocumentVersion);

export const ListDocuments = PageQuery.extend({ collection_id: z.uuid().optional() });
export type ListDocuments = z.infer<typeof ListDocuments>;

export const UpdateDocument = z
  .object({ title: exactText(TITLE_CHARS_MAX), metadata: Metadata })
  .partial()
  .refine(({ title, metadata }) => title !== undefined || metadata !== undefined, {
    error: "there must be `title` or `metadata`",
  })
  .meta({ examples: [{ title: "Onboarding", metadata: { department: "sales" } }] });
export type UpdateDocument = z.infer<typeof UpdateDocument>;

const Source = {
  title: exactText(TITLE_CHARS_MAX).optional().describe("The document's own when left out"),
  metadata: Metadata.optional(),
  content: exactText(CONTENT_CHARS_MAX).optional().describe("Either this or `url`"),
  url: z
    .string()
    .max(URL_CHARS_MAX)
    .optional()
    .describe("Fetched from the public internet, after the answer; asked for again, it is fetched again"),
  encoding: z
    .enum(["text", "base64"])
    .default("text")
    .describe("Of `content`: `base64` for bytes, such as those of a PDF or a DOCX"),
  type: z
    .enum(DOCUMENT_TYPES)
    .optional()
    .describe("A claim, `text` when left out: what the bytes are is found out by reading them"),
};

function hasOneSource({ content, url }: { content?: string | undefined; url?: string | undefined }): boolean {
  return (content === undefined) !== (url === undefined);
}
const ONE_SOURCE = { error: "there must be either `content` or `url`", path: ["content"] };

export const CreateDocument = z
  .object({ collection_id: z.uuid(), ...Source })
  .refine(hasOneSource, ONE_SOURCE)
  .meta({
    examples: [{ collection_id: "019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e55", content: "# Leave\n\n28 days." }],
  });
export type CreateDocument = z.infer<typeof CreateDocument>;

/** In the place of what the document was: what is left out falls back as when one is added, but for metadata, which stay. */
export const ReplaceDocument = z
  .object(Source)
  .refine(hasOneSource, ONE_SOURCE)
  .meta({ examples: [{ content: "# Leave\n\n30 days." }] });
export type ReplaceDocument = z.infer<typeof ReplaceDocument>;

const MetadataText = z
  .string()
  .transform((text, ctx): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      ctx.addIssue({ code: "custom", message: "is not JSON" });
      return z.NEVER;
    }
  })
  .pipe(Metadata)
  .describe("In JSON, as in the body of a document that is sent in JSON");

/** Beside the bytes of a file. */
export const ReplacementFields = z.object({ title: Source.title, metadata: MetadataText.optional() });
export type ReplacementFields = z.infer<typeof ReplacementFields>;
export const UploadFields = ReplacementFields.extend({ collection_id: z.uuid() });
export type UploadFields = z.infer<typeof UploadFields>;

export const CreateDocuments = z.object({
  collection_id: z.uuid(),
  documents: z.array(ReplaceDocument).min(1).max(BATCH_MAX),
});
export type CreateDocuments = z.infer<typeof CreateDocuments>;
export const CreatedDocuments = z.object({ data: z.array(Document) });

export const SearchRequest = z.object({
  collection_id: z.uuid(),
  query: exactText(QUERY_CHARS_MAX).meta({ examples: ["How many days of leave are there?"] }),
  version: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional()
    .describe("A content version of the collection; the newest when left out"),
  filter: SearchFilter.optional(),
  limit: z.int().min(1).max(RESULTS_MAX).default(RESULTS_DEFAULT),
  diversity: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe("How much a chunk counts less for repeating a better one; 0 ranks by score alone"),
});
export type SearchRequest = z.infer<typeof SearchRequest>;

const Mark = z.object({ start: z.int(), end: z.int() });

export const ChunkPosition = z.object({
  start: z.int().describe("Into the text of the document, in UTF-16 units"),
  end: z.int(),
  page: z.int().optional(),
  heading: z.array(z.string()).describe("What stands above it"),
});

export const SearchHit = z
  .object({
    chunk_id: z.uuid(),
    score: z.number().describe("0 to 1, to compare within one answer"),
    document: z.object({ id: z.uuid(), title: z.string() }),
    position: ChunkPosition,
    text: z.string(),
    highlight: z
      .object({ text: z.string(), marks: z.array(Mark) })
      .describe("The part that shows why it was found, with where the words stand in it"),
  })
  .meta({ id: "SearchHit" });
export type SearchHit = z.infer<typeof SearchHit>;
export const SearchAnswer = z.object({
  data: z.array(SearchHit),
  version: z.int().describe("The content version of the collection that was searched"),
});
export type SearchAnswer = z.infer<typeof SearchAnswer>;

/** What the queue carries: ids only. */
export const IngestMessage = z.object({
  kind: z.literal("document.ingest"),
  tenant_id: z.uuid(),
  user_id: z.uuid(),
  document_id: z.uuid(),
  version: z.int().positive(),
});
export type IngestMessage = z.infer<typeof IngestMessage>;
