import type { Citation } from "../protocol.ts";
import { statementOf } from "./citations.ts";
import { highlight } from "./highlight.ts";

const QUOTE_CHARS_MAX = 320;

/** A source as an answer was made from it. */
export type CitedSource = Omit<Citation, "number" | "quote"> & { text: string };

/** What the answer's marks stand for: `cited` are the numbers of the sources, in the order of the marks. */
export function citationsOf(
  sources: readonly CitedSource[],
  { question, text, cited }: { question: string; text: string; cited: readonly number[] },
): Citation[] {
  return cited.flatMap((source, at) => {
    const found = sources[source - 1];
    const number = at + 1;
    return found ? toCitation(found, number, `${statementOf(text, number)} ${question}`) : [];
  });
}

/** @param about What the quotation is to show. */
function toCitation(
  { chunk_id, collection_id, document, position, text }: CitedSource,
  number: number,
  about: string,
): Citation {
  const { text: quoted, marks, offset } = highlight(text, about, { charsMax: QUOTE_CHARS_MAX });
  const start = position.start + offset;
  const quote = { text: quoted, start, end: start + quoted.length, marks };
  return { number, chunk_id, collection_id, document, position, quote };
}
