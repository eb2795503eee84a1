/** The objects of a PDF's bytes, found by their words alone: a table of contents may lie, or be missing. */
import type { Buffer } from "node:buffer";
import { DocumentProblem } from "./document.ts";
import { hasEndlessWidths } from "./pdf-cost.ts";

export interface PdfStream {
  dictionary: string;
  start: number;
  end: number;
  /** Unpacked; 0 until it is known. */
  size: number;
}

export interface PdfObject {
  number: number;
  /** The numbers of the objects it names, as often as it does. */
  references: number[];
  /** It has contents or annotations, as pages do. */
  isPage: boolean;
  /** Where lists of annotations are that it has: the numbers of their objects, or 0 for itself. */
  annotations: number[];
  /** It lists layers that are not shown at first. */
  hidesLayers: boolean;
  hasWidths: boolean;
  /** Its own lists of widths may have ranges without end. */
  hasEndlessWidths: boolean;
  /** The objects that its lists of widths name, or are. */
  widths: number[];
  /** If it were a list of widths, it might have ranges without end. */
  isEndless: boolean;
  /** How many entries it has at most, if it is a list of objects. */
  entries: number;
  /** One at most, unless somebody hides one behind the likeness of another. */
  streams: PdfStream[];
}

const OBJECTS_MAX = 500_000;
const BODY_BYTES_MAX = 64 * 1024;
const COMMENT_BYTES_MAX = 256;
const HEADER_BYTES_MAX = 24;
const HEADER = /(\d{1,9})\s+\d{1,5}\s*$/;
const REFERENCE = /(\d{1,9})\s+\d{1,5}\s+R\b/g;
const ANNOTATIONS = /\/Annots\s*(?:\[|(\d{1,9})\s+\d{1,5}\s+R\b)/g;
/** Within a list are others, none within these. What is not closed goes on to the end. */
const WIDTHS = /\/W2?\s*(\[(?:[^[\]]|\[[^[\]]*\])*|\d{1,9}\s+\d{1,5}\s+R\b)/g;
const [LINE_FEED, RETURN] = [10, 13];

/** In the order of the file; of one number several where it was changed. Throws `DocumentProblem` for far too many. */
export function* objectsIn(file: Buffer): Generator<PdfObject> {
  let count = 0;
  const streamEnds = new Finder(file, "endstream");
  let keyword = nextStream(file, 0);
  for (let header = nextHeader(file, 0); header; ) {
    if (++count > OBJECTS_MAX) throw tooComplicated();
    const next = nextHeader(file, header.at);
    const end = next?.at ?? file.length;
    const wholeEnd = Math.min(keyword ?? end, end);
    const bodyEnd = Math.min(wholeEnd, header.at + BODY_BYTES_MAX);
    const body = plainNames(file.toString("latin1", header.at, bodyEnd));
    const object = { number: header.number, ...readBody(body), streams: [] as PdfStream[] };
    if (bodyEnd < wholeEnd) readRest(object, file.subarray(bodyEnd, wholeEnd));
    for (; keyword !== null && keyword < end; keyword = nextStream(file, keyword + 6)) {
      if (keyword <= header.at) continue;
      if (++count > OBJECTS_MAX) throw tooComplicated();
      object.streams.push(streamAt(file, keyword, body, streamEnds));
    }
    yield object;
    header = next;
  }
}

export function tooComplicated(): DocumentProblem {
  return new DocumentProblem("too_large", "This PDF is too complicated to be read.");
}

/** What an object names. Its parent is left out: through it every page names every other. */
export function readBody(body: string): Omit<PdfObject, "number" | "streams"> {
  const own = body.replace(/\/Parent\s+\d+\s+\d+\s+R\b/, "");
  const references = Array.from(own.matchAll(REFERENCE), ([, number]) => Number(number));
  const annotations = Array.from(own.matchAll(ANNOTATIONS), ([, number = 0]) => Number(number));
  const written = own.match(/\/Subtype/g)?.length ?? 0;
  const lists = Array.from(own.matchAll(WIDTHS), ([, list = ""]) => list);
  return {
    references,
    hidesLayers: /\/OFF\s*\[\s*\d/.test(own),
    hasWidths: own.includes("/W"),
    hasEndlessWidths: lists.some(hasEndlessWidths),
    widths: lists.flatMap((list) => Array.from(list.matchAll(REFERENCE), ([, number]) => Number(number))),
    isEndless: hasEndlessWidths(own),
    isPage: annotations.length > 0 || own.includes("/Contents"),
    annotations,
    entries: references.length + written,
  };
}

/** What is too long to be looked through may hold a list of any length. */
function readRest(object: PdfObject, rest: Buffer): void {
  object.entries = Infinity;
  const isEndless = hasEndlessWidths(rest.toString("latin1"));
  object.isEndless ||= isEndless;
  const hasWidths = object.hasWidths || rest.includes("/W") || rest.includes("#");
  object.hasEndlessWidths ||= isEndless && hasWidths;
  if (rest.includes("/Annots") || rest.includes("#")) object.annotations.push(0);
}

/** Letters may be written as numbers, `/#41nnots`: only what they hide would be. */
export function plainNames(body: string): string {
  return body.replace(/#([3-7][0-9a-f])/gi, (escaped, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return /[a-z0-9]/i.test(character) ? character : escaped;
  });
}

/** The next `12 0 obj`, and where it ends. */
function nextHeader(file: Buffer, from: number): { number: number; at: number } | null {
  for (let at = file.indexOf("obj", from); at >= 0; at = file.indexOf("obj", at + 3)) {
    const header = HEADER.exec(file.toString("latin1", Math.max(0, at - HEADER_BYTES_MAX), at));
    if (header) return { number: Number(header[1]), at: at + 3 };
  }
  return null;
}

/** The next `stream` that stands behind a dictionary, or behind a comment that may hide one. */
function nextStream(file: Buffer, from: number): number | null {
  for (let at = file.indexOf("stream", from); at >= 0; at = file.indexOf("stream", at + 6)) {
    const before = file.toString("latin1", Math.max(0, at - COMMENT_BYTES_MAX), at).trimEnd();
    const line = before.slice(Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1);
    if (before.endsWith(">>") || line.includes("%")) return at;
  }
  return null;
}

function streamAt(file: Buffer, keyword: number, dictionary: string, ends: Finder): PdfStream {
  let start = keyword + 6;
  while (start < file.length && file[start] !== LINE_FEED && file[start] !== RETURN) start++;
  start += file[start] === RETURN && file[start + 1] === LINE_FEED ? 2 : 1;
  return { dictionary, start, end: ends.next(start), size: 0 };
}

/** The next place of a word, or the end of the file; looked for once however often it is asked, at rising positions. */
class Finder {
  readonly #file: Buffer;
  readonly #word: string;
  #found = -1;

  constructor(file: Buffer, word: string) {
    this.#file = file;
    this.#word = word;
  }

  next(from: number): number {
    if (this.#found < from) {
      const found = this.#file.indexOf(this.#word, from);
      this.#found = found < 0 ? this.#file.length : found;
    }
    return this.#found;
  }
}
