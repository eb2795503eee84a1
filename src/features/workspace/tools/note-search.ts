import * as z from "zod";
import type { DeviceOutcome, Tool } from "../../tools/types.ts";
import { excerpt, failure, rowLine } from "./answers.ts";
import { defined, OptionalId, optional, wholeNumber } from "./inputs.ts";

const HITS_DEFAULT = 5;
const HITS_MAX = 20;
const EXCERPT_CHARS = 300;

const SearchNotes = z.strictObject({
  query: z.string().trim().min(1).max(2000).describe("What the note is about, in words."),
  projectId: OptionalId,
  limit: optional(
    wholeNumber({ min: 1, max: HITS_MAX }).describe(`Notes at most, ${HITS_DEFAULT} unless given.`),
  ),
});
type SearchNotes = z.infer<typeof SearchNotes>;

export const searchNotes: Tool<SearchNotes> = {
  name: "search_notes",
  description:
    "Finds notes by meaning, best first, with the beginning of each. A low score may be no match at all: read the note with " +
    "get_note before answering from it.",
  input: SearchNotes,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Searching your notes",
  async run(input, ctx) {
    const vector = await ctx.embed(input.query);
    const outcome = await ctx.device({
      action: "vector_search",
      vector,
      limit: input.limit ?? HITS_DEFAULT,
      ...(input.projectId === undefined ? {} : { filters: defined({ projectId: input.projectId }) }),
    });
    return outcome.kind === "results" ? { text: hitsText(outcome.results) } : failure(outcome, "read");
  },
};

/** Hits at or below zero have nothing in common with the query. */
function hitsText(results: Extract<DeviceOutcome, { kind: "results" }>["results"]): string {
  const hits = results.filter((hit) => hit.score > 0).slice(0, HITS_MAX);
  if (hits.length === 0) return "No notes match.";
  const lines = hits.map((hit) => {
    const [title = "", ...rest] = hit.content.split("\n");
    return rowLine({ id: hit.id }, title, [
      ["score", hit.score.toFixed(2)],
      ["begins", excerpt(rest.join(" "), EXCERPT_CHARS)],
    ]);
  });
  return [`${hits.length} ${hits.length === 1 ? "note" : "notes"}:`, ...lines].join("\n");
}
