import * as z from "zod";

export const Quota = z
  .object({
    name: z
      .enum(["collections", "documents_in_a_collection", "documents", "document_bytes", "upload_bytes"])
      .describe("`documents_in_a_collection` is of the fullest; `upload_bytes` of one file"),
    used: z.int().nullable().describe("Null for what is not added up"),
    limit: z.int().nullable().describe("Null for no limit"),
  })
  .meta({ id: "Quota" });
export type Quota = z.infer<typeof Quota>;

export const Usage = z
  .object({ tier: z.enum(["free", "pro", "power", "team"]), quotas: z.array(Quota) })
  .meta({ id: "Usage" });
export type Usage = z.infer<typeof Usage>;
