/** What the routes of the memory take. */
import * as z from "zod";
import { Uuid } from "../../lib/ids.ts";
import { PageQuery } from "../../lib/pagination.ts";
import { CoreEntry, CoreKey, Extraction, MemoryTier } from "./schema.ts";

export const ListMemory = PageQuery.extend({
  tier: MemoryTier.optional(),
  q: z
    .string()
    .trim()
    .min(1)
    .max(1_000)
    .optional()
    .describe("Words or a question, in any of their forms; the best matches come first"),
});
export type ListMemory = z.infer<typeof ListMemory>;

export const ExportMemory = z.object({ cursor: PageQuery.shape.cursor });
export type ExportMemory = z.infer<typeof ExportMemory>;

export const PutCore = z.object({ value: CoreEntry.shape.value }).meta({ id: "PutCore" });
export const EditMemory = z.object({ text: Extraction.shape.summary.unwrap() }).meta({ id: "EditMemory" });

export const CoreKeyParam = z.object({ key: CoreKey });
/** A path has one name for what stands in a place. */
export const CoreIdParam = z.object({ key: Uuid.describe("The fact's id") });
/** A fact has its key in place of its id, but where it is corrected. */
export const MemoryParams = z.object({ tier: MemoryTier.exclude(["core"]), id: Uuid });
export const PatternParams = z.object({ id: Uuid });
