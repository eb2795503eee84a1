/**
 * Makes a PDF safe for a reader that knows no limits: what would unpack to too much, or be drawn too often, is emptied
 * in place. Pictures are emptied too: they hold no text, and only a label tells them from pages. What a protected PDF
 * holds cannot be measured, so there only the packed size counts.
 */
import { Buffer } from "node:buffer";
import { DocumentProblem } from "./document.ts";
import { drawsUnseen, hasEndlessRange, savedStates } from "./pdf-cost.ts";
import {
  objectsIn,
  type PdfObject,
  type PdfStream,
  plainNames,
  readBody,
  tooComplicated,
} from "./pdf-objects.ts";
import { RATIO_MAX, unpackStream } from "./pdf-unpack.ts";

export interface PdfGuardLimits {
  /** Of one stream, unpacked. */
  streamBytesMax: number;
  /** Of all that one page, or one form on it, draws; what is drawn twice counts twice. */
  drawnBytesMax: number;
}

/** Fonts are the largest streams that text needs. */
const PROTECTED_BYTES_MAX = 256 * 1024;
const FORMS_DEPTH_MAX = 50;
/** Objects between a form and what it draws: its resources and the lists in them. */
const HOPS_MAX = 3;
/** On one page: each takes a millisecond. */
const ANNOTATIONS_MAX = 1_000;
const STEPS_MAX = 5_000_000;
const IMAGE = /\/Subtype\s*\/Image\b/;
/** What each state that is saved counts as drawn: the next one takes the longer, the more there are. */
const SAVED_STATE_BYTES = 64 * 1024;
const WEIGHED_BYTES_MAX = 1024 * 1024 * 1024;
const OBJECT_STREAM = /\/Type\s*\/ObjStm\b/;
const FILTERS = /\/Filter\s*(\[[^\]]*\]|\/[^\s/<>[\]()]+)/;
const SPACE = 0x20;

export interface DisarmedPdf {
  /** Text may be lost by what was emptied. */
  isCut: boolean;
  /** Letters that are drawn without being seen, as text recognition lays them over a picture, or on hidden layers. */
  hasUnseenText: boolean;
  /** So many on a page, or nobody knows how many, that they are not to be read. */
  hasEndlessAnnotations: boolean;
}

/** Changes the bytes. Throws `DocumentProblem` for what cannot be made safe. */
export function disarmPdf(bytes: Uint8Array, limits: PdfGuardLimits): DisarmedPdf {
  return new PdfGuard(bytes, limits).disarm();
}

class PdfGuard {
  readonly #file: Buffer;
  readonly #limits: PdfGuardLimits;
  readonly #objects = new Map<number, PdfObject>();
  /** Bytes of a stream with all that is drawn by it. Null while they are added up. */
  readonly #drawn = new Map<PdfObject, number | null>();
  #emptied = { start: 0, end: 0 };
  #isProtected = false;
  #steps = 0;
  /** Bytes of streams that were looked through: some go on to the end of the file, one after another. */
  #weighed = 0;
  #isCut = false;
  #hasUnseenText = false;
  /** Some objects are packed in a way that only the reader knows. */
  #hidesObjects = false;

  constructor(bytes: Uint8Array, limits: PdfGuardLimits) {
    this.#file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  disarm(): DisarmedPdf {
    this.#isProtected = this.#file.includes("/Encrypt");
    const streams: PdfStream[] = [];
    for (const object of objectsIn(this.#file)) {
      this.#add(object);
      for (const stream of object.streams) streams.push(stream);
    }
    // The reader would look for some at every byte.
    if (this.#objects.size === 0)
      throw new DocumentProblem("unreadable", "This PDF is damaged and cannot be read.");
    for (const stream of streams) this.#measure(stream);
    for (const object of this.#objects.values()) if (this.#isEndless(object)) throw tooComplicated();
    for (const object of this.#objects.values()) {
      if (object.streams.length > 0) this.#drawnBytes(object, 0);
      else if (object.isPage) this.#sum(object.references, 0);
    }
    const isOnLayer = [...this.#objects.values()].some(({ hidesLayers }) => hidesLayers);
    return {
      isCut: this.#isCut,
      hasUnseenText: this.#hasUnseenText || isOnLayer,
      hasEndlessAnnotations: this.#hasEndlessAnnotations(),
    };
  }

  /** Which of an object's versions counts is told by tables that may lie. */
  #add(object: PdfObject): void {
    const other = this.#objects.get(object.number);
    if (!other) return void this.#objects.set(object.number, object);
    for (const reference of object.references) other.references.push(reference);
    for (const stream of object.streams) other.streams.push(stream);
    for (const list of object.annotations) other.annotations.push(list);
    for (const list of object.widths) other.widths.push(list);
    other.hasEndlessWidths ||= object.hasEndlessWidths;
    other.isEndless ||= object.isEndless;
    other.isPage ||= object.isPage;
    other.hidesLayers ||= object.hidesLayers;
    other.entries += object.entries;
  }

  /** Each number in a list of widths may be an object of its own, and so may the list. */
  #isEndless({ hasEndlessWidths, widths }: PdfObject): boolean {
    const named = widths.flatMap((number) => this.#objects.get(number) ?? []);
    return (
      hasEndlessWidths ||
      named.some(
        (list) => list.isEndless || list.references.some((number) => this.#objects.get(number)?.isEndless),
      )
    );
  }

  #hasEndlessAnnotations(): boolean {
    if (this.#hidesObjects) return true;
    for (const object of this.#objects.values()) {
      for (const list of object.annotations) {
        const { entries } = (list === 0 ? object : this.#objects.get(list)) ?? { entries: 0 };
        if (entries > ANNOTATIONS_MAX) return true;
      }
    }
    return false;
  }

  #measure(stream: PdfStream): void {
    const { dictionary, start, end } = stream;
    if (IMAGE.test(dictionary)) return this.#empty(stream);
    const packed = this.#file.subarray(start, end);
    const { streamBytesMax } = this.#limits;
    const unpacked = unpackStream(packed, filtersOf(dictionary), streamBytesMax, this.#file.subarray(start));
    if (typeof unpacked === "object") {
      const { bytes } = unpacked;
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#weighed += bytes.length;
      if (this.#weighed > WEIGHED_BYTES_MAX || hasEndlessRange(text)) return void this.#cut([stream]);
      this.#hasUnseenText ||= drawsUnseen(text);
      stream.size = bytes.length + savedStates(bytes) * SAVED_STATE_BYTES;
      if (OBJECT_STREAM.test(dictionary)) this.#addPacked(unpacked.bytes, dictionary);
      return;
    }
    const isAllowed =
      unpacked === "unknown" &&
      (packed.length * RATIO_MAX <= streamBytesMax ||
        (this.#isProtected && packed.length <= PROTECTED_BYTES_MAX));
    if (!isAllowed) return void this.#cut([stream]);
    stream.size = packed.length;
    this.#hidesObjects ||= OBJECT_STREAM.test(dictionary);
  }

  /** Objects that are packed in a stream: they hold no streams, but name them. */
  #addPacked(bytes: Uint8Array, dictionary: string): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const first = Number(/\/First\s+(\d+)/.exec(dictionary)?.[1] ?? 0);
    const header =
      text
        .slice(0, first)
        .match(/\d{1,9}/g)
        ?.map(Number) ?? [];
    this.#hidesObjects ||= header.length === 0;
    for (let index = 0; index + 1 < header.length; index += 2) {
      const [number, offset, next] = [header[index]!, header[index + 1]!, header[index + 3]];
      const body = plainNames(text.slice(first + offset, next === undefined ? undefined : first + next));
      this.#add({ number, ...readBody(body), streams: [] });
    }
  }

  /** Those of the object's stream and of every form it draws, each time it does. */
  #drawnBytes(object: PdfObject, depth: number): number {
    const known = this.#drawn.get(object);
    if (typeof known === "number") return known;
    // What draws itself would never end.
    if (known === null || depth > FORMS_DEPTH_MAX) return this.#cut(object.streams);
    this.#drawn.set(object, null);
    const own = object.streams.reduce((sum, { size }) => sum + size, 0);
    const drawn = own + this.#sum(object.references, depth);
    const isTooLarge = drawn > this.#limits.drawnBytesMax;
    this.#drawn.set(object, isTooLarge ? this.#cut(object.streams) : drawn);
    return this.#drawn.get(object) ?? 0;
  }

  #sum(references: readonly number[], depth: number, hops = 0): number {
    let sum = 0;
    for (const number of references) {
      if (++this.#steps > STEPS_MAX) throw tooComplicated();
      const object = this.#objects.get(number);
      if (!object) continue;
      if (object.streams.length === 0) {
        if (hops < HOPS_MAX) sum += this.#sum(object.references, depth, hops + 1);
        continue;
      }
      const drawn = this.#drawnBytes(object, depth + 1);
      if (sum + drawn <= this.#limits.drawnBytesMax) sum += drawn;
      else this.#cut(object.streams);
    }
    return sum;
  }

  #cut(streams: readonly PdfStream[]): 0 {
    for (const stream of streams) this.#empty(stream);
    this.#isCut = true;
    return 0;
  }

  /** Streams without an end go on to that of the file: what is empty already is not emptied again. */
  #empty(stream: PdfStream): void {
    const { start, end } = stream;
    const isEmpty = start >= this.#emptied.start && end <= this.#emptied.end;
    if (!isEmpty) this.#file.fill(SPACE, start, end);
    if (!isEmpty) this.#emptied = { start, end };
    stream.size = 0;
  }
}

function filtersOf(dictionary: string): string[] {
  return FILTERS.exec(dictionary)?.[1]?.match(/[^\s/[\]]+/g) ?? [];
}
