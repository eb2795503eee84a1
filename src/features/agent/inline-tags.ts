/**
 * Finds the inline tags of streamed text: `<task>[id1,id2]</task>`, `project`, `note`, `timeline`, and `<chart>{…}</chart>`.
 * However the text is cut into chunks, the pieces are the same. What is not quite a tag is text, but the opening tag of a
 * list of ids never passes unchecked.
 */
import { isUuid } from "../../lib/ids.ts";
import { ENTITY_TYPES, type EntityType } from "./entities.ts";

/** Characters that may stand between an opening tag and what tells which form its body has. */
const BLANKS_MAX = 64;
/** A longer list is passed on in parts. */
const LIST_CHARS_MAX = 1000;
const NAME_CHARS_MAX = 256;
const CHART_CHARS_MAX = 65_536;
const CHART_OPEN = "<chart>";
const CHART_CLOSE = "</chart>";
/** What a chart cannot hold: it ends at its closing tag, or was none at another tag, which must not pass unchecked. */
const CHART_END = new RegExp(`${CHART_CLOSE}|<(?:${ENTITY_TYPES.join("|")}|chart)>`);
const CHART_END_CHARS_MAX = "<timeline>".length;
const OPENINGS = [...ENTITY_TYPES.map((type) => `<${type}>`), CHART_OPEN];

export interface Reference {
  type: EntityType;
  /** Known ones, each once; at least one. */
  ids: string[];
}

export type TagPiece =
  | { text: string }
  | { reference: Reference }
  /** What stands between the chart's tags. */
  | { chart: string };

export interface TagOptions {
  /** `pass`: charts are text, and go through as they come. */
  charts: "pass" | "collect" | "drop";
  isKnown(type: EntityType, id: string): boolean;
  /** Ids that were taken out since no tool returned them. */
  onUnknown(type: EntityType, count: number): void;
}

/** What comes next of the held text: `used` characters of it, standing for `pieces`. */
interface Step {
  used: number;
  pieces: TagPiece[];
  /** Stands before what was not used. */
  prefix?: string;
}

/** Holds back under 1,100 characters, and a chart that it collects. */
export class InlineTags {
  readonly #options: TagOptions;
  #held = "";
  /** The chart's body so far; null outside of charts. */
  #chart: { chars: number; collected: string } | null = null;

  constructor(options: TagOptions) {
    this.#options = options;
  }

  push(text: string): TagPiece[] {
    this.#held += text;
    return this.#take(false);
  }

  /** The rest. A list or a chart that was cut off is dropped. */
  end(): TagPiece[] {
    return this.#take(true);
  }

  #take(isFinal: boolean): TagPiece[] {
    const pieces: TagPiece[] = [];
    while (this.#held !== "" || (isFinal && this.#chart)) {
      const step = this.#chart ? this.#chartStep(this.#chart, isFinal) : this.#textStep(isFinal);
      if (step === "wait") break;
      pieces.push(...step.pieces);
      this.#held = (step.prefix ?? "") + this.#held.slice(step.used);
    }
    return pieces;
  }

  #textStep(isFinal: boolean): Step | "wait" {
    const start = this.#held.indexOf("<");
    if (start !== 0) return textStep(this.#held, start === -1 ? this.#held.length : start);
    const type = ENTITY_TYPES.find((each) => this.#held.startsWith(`<${each}>`));
    if (type) return this.#referenceStep(type, isFinal);
    if (this.#held.startsWith(CHART_OPEN)) return this.#chartOpening(isFinal);
    const mayBecomeTag = OPENINGS.some((opening) => opening.startsWith(this.#held));
    return mayBecomeTag && !isFinal ? "wait" : textStep(this.#held, 1);
  }

  #referenceStep(type: EntityType, isFinal: boolean): Step | "wait" {
    const held = this.#held;
    const from = type.length + 2;
    const first = firstVisible(held, from);
    if (first - from > BLANKS_MAX) return textStep(held, 1);
    if (first === held.length) return isFinal ? textStep(held, 1) : "wait";
    const isList = held[first] === "[";
    const broken: Step = isList ? { used: from, pieces: [] } : textStep(held, 1);
    const next = held.indexOf("<", from);
    const end = next === -1 ? held.length : next;
    if (!isList && held.slice(first, end).includes("\n")) return broken;
    if (end - first > (isList ? LIST_CHARS_MAX : NAME_CHARS_MAX)) {
      return (isList && this.#partOfList(type, first)) || broken;
    }
    const close = `</${type}>`;
    if (next !== -1 && held.startsWith(close, next)) {
      const body = held.slice(first, end);
      return {
        used: end + close.length,
        pieces: isList ? this.#known(type, idsIn(body)) : this.#named(type, body),
      };
    }
    if (next !== -1 && !close.startsWith(held.slice(next))) return broken;
    if (!isFinal) return "wait";
    return isList ? { used: held.length, pieces: [] } : broken;
  }

  /** The ids that are complete within the limit, and the tag opened again for the rest. */
  #partOfList(type: EntityType, first: number): Step | null {
    const comma = this.#held.lastIndexOf(",", first + LIST_CHARS_MAX);
    if (comma < first) return null;
    const ids = idsIn(this.#held.slice(first, comma));
    return { used: comma + 1, pieces: this.#known(type, ids), prefix: `<${type}>[` };
  }

  /** A body without brackets: ids all the same, or the words that the tag was put around. */
  #named(type: EntityType, body: string): TagPiece[] {
    const ids = idsIn(body);
    const areIds = ids.every((id) => isUuid(id) || this.#options.isKnown(type, id));
    return areIds ? this.#known(type, ids) : [{ text: body }];
  }

  #known(type: EntityType, ids: string[]): TagPiece[] {
    const known = [...new Set(ids)].filter((id) => this.#options.isKnown(type, id));
    const unknown = new Set(ids).size - known.length;
    if (unknown > 0) this.#options.onUnknown(type, unknown);
    return known.length > 0 ? [{ reference: { type, ids: known } }] : [];
  }

  #chartOpening(isFinal: boolean): Step | "wait" {
    const from = CHART_OPEN.length;
    const first = firstVisible(this.#held, from);
    if (first - from > BLANKS_MAX) return textStep(this.#held, 1);
    if (first === this.#held.length) return isFinal ? textStep(this.#held, 1) : "wait";
    if (this.#held[first] !== "{") return textStep(this.#held, 1);
    this.#chart = { chars: 0, collected: "" };
    return { used: from, pieces: this.#passedChart(CHART_OPEN) };
  }

  #chartStep(chart: { chars: number; collected: string }, isFinal: boolean): Step | "wait" {
    const room = CHART_CHARS_MAX - chart.chars;
    const match = CHART_END.exec(this.#held);
    if (match && match.index <= room) {
      return this.#chartEnd(chart, match.index, match[0] === CHART_CLOSE ? CHART_CLOSE : "");
    }
    if (this.#held.length >= room + CHART_END_CHARS_MAX) return this.#chartEnd(chart, room, "");
    if (isFinal) return this.#chartEnd(chart, Math.min(room, this.#held.length), "");
    // The last characters may be the beginning of the tag that ends it.
    const used = Math.min(room, this.#held.length - CHART_END_CHARS_MAX + 1);
    if (used <= 0) return "wait";
    return { used, pieces: this.#readChart(chart, used) };
  }

  #chartEnd(chart: { chars: number; collected: string }, bodyEnd: number, close: string): Step {
    const pieces = [...this.#readChart(chart, bodyEnd), ...this.#passedChart(close)];
    this.#chart = null;
    if (this.#options.charts === "collect") pieces.push({ chart: chart.collected });
    return { used: bodyEnd + close.length, pieces };
  }

  #readChart(chart: { chars: number; collected: string }, used: number): TagPiece[] {
    const part = this.#held.slice(0, used);
    chart.chars += used;
    if (this.#options.charts === "collect") chart.collected += part;
    return this.#passedChart(part);
  }

  #passedChart(text: string): TagPiece[] {
    return this.#options.charts === "pass" && text !== "" ? [{ text }] : [];
  }
}

function textStep(held: string, used: number): Step {
  return { used, pieces: [{ text: held.slice(0, used) }] };
}

function firstVisible(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}

function idsIn(body: string): string[] {
  return body.split(/[\s,[\]"'`]+/).filter((id) => id !== "");
}
