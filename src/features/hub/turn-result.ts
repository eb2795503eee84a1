/** What the last frame of a turn tells of it. */
import * as z from "zod";

const count = z.int().nonnegative();

export const TurnUsage = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_tokens: count,
  model_calls: count,
  tool_calls: count,
  web_searches: count.optional().describe("Absent when there were none"),
  code_runs: count.optional().describe("Absent when there were none"),
});
export type TurnUsage = z.infer<typeof TurnUsage>;

export const TurnStatus = z.enum(["done", "cancelled", "failed"]);
export type TurnStatus = z.infer<typeof TurnStatus>;

export const TurnError = z.object({ code: z.string(), message: z.string() });
export type TurnError = z.infer<typeof TurnError>;

/** Which of the person's own agents was asked, and which answered: for a router the one it chose. */
export const AskedAgent = z.object({
  id: z.uuid(),
  version: z.int().positive(),
  answered_by: z.object({ id: z.uuid(), version: z.int().positive(), kind: z.string() }).nullable(),
});
export type AskedAgent = z.infer<typeof AskedAgent>;
