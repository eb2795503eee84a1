/**
 * Turns the inline tags of streamed text into typed blocks: `<task>[id1,id2]</task>`, `project`, `note`, `timeline`, and
 * `<chart>{…}</chart>`. However the text is cut into chunks, the pieces are the same; text is held back only while it
 * may be the beginning of a tag.
 */
import { type Block, Chart, Entity } from "./blocks.ts";

export type Piece = { type: "text"; text: string } | { type: "block"; block: Block };

const KINDS = [...Entity.options, "chart"] as const;
type Kind = (typeof KINDS)[number];

/** Characters between the tags; beyond them it is text that happens to hold a tag's name. */
const BODY_MAX: Record<BodyForm, number> = { list: 8192, json: 65_536, other: 256, blank: 64 };

/** What a body begins with: `[`, `{`, anything else, or nothing but white space so far. */
type BodyForm = "list" | "json" | "other" | "blank";

const ID = /^[^\s,<>"'[\]{}]{1,200}$/;

export class TagParser {
  #held = "";

  push(chunk: string): Piece[] {
    this.#held += chunk;
    return this.#take(false);
  }

  /** The rest, when no more text comes. A tag cut off in its body is dropped. */
  end(): Piece[] {
    return this.#take(true);
  }

  #take(final: boolean): Piece[] {
    const pieces: Piece[] = [];
    let rest = this.#held;
    while (rest !== "") {
      const step = nextStep(rest, final);
      if (step === "wait") break;
      if (step.text !== "") addText(pieces, step.text);
      if (step.block !== undefined) pieces.push({ type: "block", block: step.block });
      rest = rest.slice(step.used);
    }
    this.#held = rest;
    return pieces;
  }
}

interface Step {
  used: number;
  text: string;
  block?: Block;
}

function nextStep(source: string, final: boolean): Step | "wait" {
  const start = source.indexOf("<");
  if (start === -1) return { used: source.length, text: source };
  if (start > 0) return { used: start, text: source.slice(0, start) };
  const kind = KINDS.find((name) => source.startsWith(openTag(name)));
  if (kind !== undefined) return tagStep(source, kind, final);
  const mayBecomeTag = KINDS.some((name) => openTag(name).startsWith(source));
  return mayBecomeTag && !final ? "wait" : literal(source);
}

function tagStep(source: string, kind: Kind, final: boolean): Step | "wait" {
  const from = openTag(kind).length;
  const close = closeTag(kind);
  const body = scanBody(source, from, close);
  if (body.state === "text") return literal(source);
  if (body.state === "open") {
    if (!final) return "wait";
    // A cut-off list or chart would read as rubbish; anything else was text after all.
    const cutOff = body.form === "list" || body.form === "json";
    return cutOff ? { used: source.length, text: "" } : literal(source);
  }
  const block = parseBody(kind, source.slice(from, body.end));
  const used = body.end + close.length;
  return block === null ? { used, text: "" } : { used, text: "", block };
}

type Body = { state: "closed"; end: number } | { state: "open"; form: BodyForm } | { state: "text" };

/** Looks for the closing tag. What it finds depends on the characters alone, not on how many have come so far. */
function scanBody(source: string, from: number, close: string): Body {
  const { form, first } = formOf(source, from);
  const max = from + BODY_MAX[form];
  if (first - from > BODY_MAX.blank) return { state: "text" };
  const end = source.indexOf(close, from);
  const limit = Math.min(end === -1 ? source.length : end, max + 1);
  if (form !== "json" && breaksOff(source, first, limit, form, close)) return { state: "text" };
  if (end !== -1) return end <= max ? { state: "closed", end } : { state: "text" };
  return source.length >= max + close.length ? { state: "text" } : { state: "open", form };
}

function formOf(source: string, from: number): { form: BodyForm; first: number } {
  let first = from;
  while (first < source.length && /\s/.test(source[first]!)) first++;
  if (first === source.length) return { form: "blank", first };
  if (source[first] === "[") return { form: "list", first };
  return { form: source[first] === "{" ? "json" : "other", first };
}

/** Whether the body holds what no tag's body holds: another `<`, text after its `]`, or, without a list, a line's end. */
function breaksOff(source: string, from: number, limit: number, form: BodyForm, close: string): boolean {
  let listEnded = false;
  for (let index = from; index < limit; index++) {
    const char = source[index]!;
    if (char === "<" && !close.startsWith(source.slice(index))) return true;
    if (char === "\n" && form === "other") return true;
    if (listEnded && char !== "<" && !/\s/.test(char)) return true;
    if (char === "]") listEnded = form === "list";
    if (char === "<") break;
  }
  return false;
}

function parseBody(kind: Kind, body: string): Block | null {
  if (kind === "chart") {
    const chart = Chart.safeParse(parseJson(body));
    return chart.success ? { type: "chart", chart: chart.data } : null;
  }
  const list = /^\s*\[([^[\]]*)\]\s*$/.exec(body);
  if (list === null) return null;
  const ids = list[1]!.split(",").map((item) => item.trim().replace(/^"(.*)"$/, "$1"));
  return ids.every((id) => ID.test(id)) ? { type: "reference", entity: kind, ids } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The `<` is text; what follows is looked at again. */
function literal(source: string): Step {
  return { used: 1, text: source.slice(0, 1) };
}

function addText(pieces: Piece[], text: string): void {
  const last = pieces.at(-1);
  if (last?.type === "text") last.text += text;
  else pieces.push({ type: "text", text });
}

function openTag(kind: Kind): string {
  return `<${kind}>`;
}

function closeTag(kind: Kind): string {
  return `</${kind}>`;
}
