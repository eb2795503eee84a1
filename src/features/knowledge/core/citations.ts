/** The marks `[1]` by which an answer names its sources: only those of sources that were given stay. */
import { LinkedPictures } from "../../../lib/pictures.ts";

/** In the brackets of Chinese and Japanese too; `[1, 2]` and `[1-3]` stand for several. */
const MARK = /([ \t]*)[[［【]\s*(\d{1,3}(?:\s*[,;、，–-]\s*\d{1,3})*)\s*[\]］】]/g;
/** What may still become a mark, and the space before it, which goes with a mark that is taken out. */
const UNFINISHED = /\s*(?:[[［【][\d\s,;、，–-]{0,40})?$/;

/**
 * Reads an answer as it is written and gives it on with its marks put right: `[2][1]` for `[3, 5]` when source 5 was the
 * first that was named. A number that no source has is taken out, and a picture is no more than a link.
 */
export class CitationReader {
  readonly #sources: number;
  readonly #cited: number[] = [];
  #held = "";
  readonly #pictures = new LinkedPictures();

  /** @param sources How many were given; the first is 1. */
  constructor(sources: number) {
    this.#sources = sources;
  }

  /** Numbers of the given sources, in the order in which the answer names them first: the reader's [1] is the first. */
  get cited(): readonly number[] {
    return this.#cited;
  }

  /** What of the answer so far can be given on. */
  push(delta: string): string {
    const text = this.#held + delta;
    const end = text.search(UNFINISHED);
    this.#held = text.slice(end);
    return this.#read(text.slice(0, end));
  }

  /** The rest, without white space at its end. */
  end(): string {
    const rest = this.#read(this.#held).trimEnd();
    this.#held = "";
    return rest;
  }

  #read(text: string): string {
    const marked = text.replace(MARK, (_mark, space: string, list: string) => {
      const numbers = numbersIn(list).filter((number) => number >= 1 && number <= this.#sources);
      const marks = [...new Set(numbers)].map((number) => `[${this.#place(number)}]`);
      return marks.length === 0 ? "" : space + marks.join("");
    });
    return this.#pictures.push(marked);
  }

  #place(source: number): number {
    const known = this.#cited.indexOf(source);
    return known >= 0 ? known + 1 : this.#cited.push(source);
  }
}

/** More than a range of sources ever names: `[1-999]` is none. */
const RANGE_MAX = 20;

function numbersIn(list: string): number[] {
  return list.split(/[,;、，]/).flatMap((part) => {
    const [first = 0, last = first] = part.split(/[–-]/).map(Number);
    if (last < first || last - first > RANGE_MAX) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

const SENTENCE_ENDS = /[.!?。！？](?=[\s"'”’)\]])|[。！？]|\n/g;

/** The sentence that names a source first, without marks: what the source is to show. Empty when none does. */
export function statementOf(answer: string, place: number): string {
  const at = answer.indexOf(`[${place}]`);
  if (at < 0) return "";
  // The mark may stand behind the full stop of its sentence.
  const before = answer
    .slice(0, at)
    .replace(/(?:\s|\[\d{1,3}\])+$/, "")
    .replace(/[.!?。！？]+$/, "");
  const ends = [...before.matchAll(SENTENCE_ENDS)];
  const start = ends.length === 0 ? 0 : ends.at(-1)!.index + 1;
  return before
    .slice(start)
    .replace(/\[\d{1,3}\]/g, "")
    .trim();
}
