import * as z from "zod";

export * from "./collection-schema.ts";
export * from "./document-schema.ts";
export * from "./search-schema.ts";

/** What the queue carries: ids only. */
export const IngestMessage = z.object({
  kind: z.literal("document.ingest"),
  tenant_id: z.uuid(),
  user_id: z.uuid(),
  document_id: z.uuid(),
  version: z.int().positive(),
});
export type IngestMessage = z.infer<typeof IngestMessage>;
