import * as z from "zod";

/** As long as the longest message. */
const TEXT_CHARS_MAX = 100_000;

export const EmbedRequest = z.object({ text: z.string().min(1).max(TEXT_CHARS_MAX) });
export type EmbedRequest = z.infer<typeof EmbedRequest>;

export const Embedding = z
  .object({
    vector: z.array(z.number()).describe("Of length 1, with six decimals."),
    embedder: z
      .object({ id: z.string(), dimensions: z.int() })
      .describe("Names the vector space. Keep the id with the vector and embed again when it changes."),
  })
  .meta({ id: "Embedding" });
export type Embedding = z.infer<typeof Embedding>;
