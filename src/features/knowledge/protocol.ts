/** What of documents goes to devices too. */
import * as z from "zod";

const Mark = z.object({ start: z.int(), end: z.int() });

export const ChunkPosition = z.object({
  start: z.int().describe("Into the text of the document, in UTF-16 units"),
  end: z.int(),
  page: z.int().optional(),
  heading: z.array(z.string()).describe("What stands above it"),
});

/** What a mark such as `[1]` in an answer stands for. */
export const Citation = z
  .object({
    number: z.int().positive().describe("Of the `[1]` in the answer"),
    chunk_id: z.uuid(),
    collection_id: z.uuid(),
    document: z.object({ id: z.uuid(), title: z.string() }),
    position: ChunkPosition,
    quote: z
      .object({ text: z.string(), start: z.int(), end: z.int(), marks: z.array(Mark) })
      .describe(
        "Word for word, the part of the document that shows it: where it stands in the text of the document, and where " +
          "the words of the answer and the question stand in it",
      ),
  })
  .meta({ id: "Citation" });
export type Citation = z.infer<typeof Citation>;
