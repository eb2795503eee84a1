import * as z from "zod";
import { PageQuery, pageOf } from "../../lib/pagination.ts";
import { exactText } from "../../lib/text.ts";
import { DOCUMENT_TYPES } from "./core/parse/document.ts";

const TITLE_CHARS_MAX = 300;
/** Under the limit of a JSON body, escapes included. */
const CONTENT_CHARS_MAX = 1_000_000;
const URL_CHARS_MAX = 2_000;
const BATCH_MAX = 20;
const METADATA_KEYS_MAX = 32;
const METADATA_CHARS_MAX = 500;

const time = z.iso.datetime();

export const DocumentId = z.object({ id: z.uuid() });

export const DocumentStatus = z.enum(["queued", "parsing", "embedding", "ready", "failed", "cancelled"]);
export type DocumentStatus = z.infer<typeof DocumentStatus>;

export const MetadataKey = exactText(64);
export const MetadataValue = z.union(
  [
    z
      .string()
      .max(METADATA_CHARS_MAX)
      .refine((text) => text.isWellFormed(), {
        message: "holds half a surrogate pair, which is no character",
      }),
    z.number(),
    z.boolean(),
  ],
  { error: `must be a text of at most ${METADATA_CHARS_MAX} characters, a number or a boolean` },
);

/** What its owner says of a document, for filters. */
export const Metadata = z
  .record(MetadataKey, MetadataValue)
  .refine((metadata) => Object.keys(metadata).length <= METADATA_KEYS_MAX, {
    message: `has more than ${METADATA_KEYS_MAX} keys`,
  })
  .describe(`At most ${METADATA_KEYS_MAX} keys with a text, a number or a boolean each`)
  .meta({ examples: [{ department: "sales", year: 2026 }] });
export type Metadata = z.infer<typeof Metadata>;

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
    reason: z.string().nullable().describe("Why it could not be read, for a person"),
    notes: z.array(z.string()).describe("What was left out, a sentence each"),
    chunks: z.int().describe("How many can be found"),
    status_url: z.string().describe("Ask here until the status is `ready`, `failed` or `cancelled`"),
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

export const DocumentContent = z.object({
  version: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional()
    .describe("The `number` of one of its uploads; the one that can be found when left out"),
});
export type DocumentContent = z.infer<typeof DocumentContent>;

export const ListDocuments = PageQuery.extend({
  collection_id: z.uuid().optional(),
  status: DocumentStatus.optional(),
});
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
