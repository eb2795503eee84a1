import * as z from "zod";
import type { DeviceCall, Tool } from "../../tools/types.ts";
import { excerpt, failure, mistake, notFound } from "./answers.ts";
import { RowId, Switch, wordOf } from "./inputs.ts";

const NOUN = { one: "suggestion", many: "suggestions" };

const DecideSuggestion = z.strictObject({
  table: wordOf(z.enum(["tasks", "projects", "timelines", "notes"])),
  id: RowId,
  approved: Switch,
});
type DecideSuggestion = z.infer<typeof DecideSuggestion>;

/** Approving keeps the row; rejecting deletes it, and only a row that is a suggestion still waiting. */
export const decideSuggestion: Tool<DecideSuggestion> = {
  name: "decide_suggestion",
  description:
    "Carries out what the person decided on one suggestion: approved keeps it, not approved removes it. Only when they " +
    "said which; their wish to see suggestions is no decision.",
  input: DecideSuggestion,
  readOnly: false,
  idempotent: true,
  destructive: false,
  label: "Settling a suggestion",
  approval: (input) => ({
    summary: input.approved ? "Approve a suggestion." : "Reject a suggestion, which removes it.",
    ...decisionOf(input),
  }),
  async run(input, ctx) {
    if (!input.approved) {
      const found = await ctx.device({ action: "get", table: input.table, data: { id: input.id } });
      if (found.kind !== "row") return failure(found, "read");
      // An absent row passes: in a replay this very call has deleted it, and the device knows the answer.
      if (found.row && (found.row.isAiSuggested !== 1 || found.row.isApproved === 1)) {
        return mistake("This is no suggestion that waits for a decision, so it was kept.");
      }
    }
    const outcome = await ctx.device(decisionOf(input));
    if (outcome.kind === "row" && input.approved) {
      if (outcome.row === null) return notFound(NOUN, input.id);
      return {
        text: `Approved the suggestion [${input.id}] ${excerpt(outcome.row.title ?? outcome.row.name, 200)}.`,
      };
    }
    if (outcome.kind === "deleted" && !input.approved) {
      return outcome.deleted
        ? { text: `Rejected and removed the suggestion [${input.id}].` }
        : notFound(NOUN, input.id);
    }
    return failure(outcome, "change");
  },
};

function decisionOf(input: DecideSuggestion) {
  const { table, id } = input;
  return (
    input.approved
      ? { action: "update", table, data: { id, updates: { isApproved: 1 } } }
      : { action: "delete", table, data: { id } }
  ) satisfies DeviceCall;
}
