import * as z from "zod";
import { PageQuery, pageOf } from "../../lib/pagination.ts";
import { exactText } from "../../lib/text.ts";
import { Citation } from "./protocol.ts";
import { SearchFilter, SearchRequest } from "./schema.ts";

const QUESTION_CHARS_MAX = 2_000;
/** Each is searched by itself. */
const COLLECTIONS_MAX = 8;
const SOURCES_DEFAULT = 8;
const SOURCES_MAX = 20;

const time = z.iso.datetime();
const count = z.int().nonnegative();

const Rerank = z
  .boolean()
  .default(false)
  .describe("Has the small model order what was found: better, and slower");

export const RankedSearch = SearchRequest.extend({ rerank: Rerank });
export type RankedSearch = z.infer<typeof RankedSearch>;

/** What a search can be told, but for what it looks for and where. */
export const QueryRequest = RankedSearch.omit({ collection_id: true, query: true })
  .extend({
    collection_ids: z.array(z.uuid()).min(1).max(COLLECTIONS_MAX),
    question: exactText(QUESTION_CHARS_MAX).meta({ examples: ["How many days of leave are there?"] }),
    filter: SearchFilter.optional(),
    limit: z
      .int()
      .min(1)
      .max(SOURCES_MAX)
      .default(SOURCES_DEFAULT)
      .describe("Sources to answer from at most"),
  })
  .refine(({ version, collection_ids }) => version === undefined || collection_ids.length === 1, {
    error: "names a version of one collection",
    path: ["version"],
  });
export type QueryRequest = z.infer<typeof QueryRequest>;

export const QueryUsage = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_tokens: count,
  model_calls: count,
});
export type QueryUsage = z.infer<typeof QueryUsage>;

export const QueryAnswer = z
  .object({
    id: z.uuid(),
    answered: z.boolean().describe("False when the sources do not hold the answer; `answer` then says so"),
    answer: z.string().describe("With `[1]`, `[2]`, … behind what rests on a source"),
    truncated: z.boolean().describe("It was cut at its length limit"),
    citations: z.array(Citation).describe("One for each number of the answer, in order"),
    usage: QueryUsage,
  })
  .meta({ id: "QueryAnswer" });
export type QueryAnswer = z.infer<typeof QueryAnswer>;

export const QueryKind = z.enum(["question", "search"]);
export type QueryKind = z.infer<typeof QueryKind>;

export const QueryOutcome = z.enum(["answered", "not_answered", "failed", "cancelled"]);
export type QueryOutcome = z.infer<typeof QueryOutcome>;

export const LoggedQuery = z
  .object({
    id: z.uuid(),
    kind: QueryKind,
    question: z.string().describe("Or what was searched for"),
    collection_ids: z.array(z.uuid()),
    outcome: QueryOutcome.describe("Of a search `answered` when something was found"),
    sources: z
      .array(
        z.object({
          chunk_id: z.uuid(),
          document_id: z.uuid(),
          number: z
            .int()
            .positive()
            .nullable()
            .describe("Of the citation; null for what was given or found and not cited"),
        }),
      )
      .describe("What was found, or the answer made from, best first; a chunk may be gone since"),
    usage: QueryUsage,
    created_at: time,
  })
  .meta({ id: "LoggedQuery" });
export type LoggedQuery = z.infer<typeof LoggedQuery>;
export const LoggedQueryPage = pageOf(LoggedQuery);

export const ListQueries = PageQuery.extend({ kind: QueryKind.optional() });
export type ListQueries = z.infer<typeof ListQueries>;
export const QueryId = z.object({ id: z.uuid() });
