import * as z from "zod";
import { exactText } from "../../lib/text.ts";
import { DOCUMENT_TYPES } from "./core/parse/document.ts";
import { MetadataKey, MetadataValue } from "./document-schema.ts";
import { ChunkPosition } from "./protocol.ts";

const QUERY_CHARS_MAX = 2_000;
const RESULTS_DEFAULT = 8;
const RESULTS_MAX = 50;
const FILTER_KEYS_MAX = 8;
const FILTER_VALUES_MAX = 20;
const FILTER_DOCUMENTS_MAX = 100;

const time = z.iso.datetime();

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

export const SearchRequest = z.object({
  collection_id: z.uuid(),
  query: exactText(QUERY_CHARS_MAX).meta({ examples: ["How many days of leave are there?"] }),
  version: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional()
    .describe(
      "A content version of the collection; the newest when left out. Earlier ones are for its owner and for who may write " +
        "into it",
    ),
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
