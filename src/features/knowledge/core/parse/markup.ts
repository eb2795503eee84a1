/**
 * HTML and XML as a row of events. It uses the tokenizer alone: the parser above it keeps a stack that a million open
 * elements make quadratic, and a tree would take many times the document's own memory.
 */
import { Tokenizer } from "htmlparser2";

export type Attributes = ReadonlyMap<string, string>;

export interface MarkupReader {
  open(name: string, attributes: Attributes): void;
  close(name: string): void;
  text(text: string): void;
  /** Asked after each tag: the rest is not read. */
  readonly isDone: boolean;
}

/** Names are lower-case in HTML and as written in XML, where an empty element opens and closes. */
export function readMarkup(source: string, reader: MarkupReader, { isXml }: { isXml: boolean }): void {
  const events = new Events(source, reader, isXml);
  const tokenizer = new Tokenizer(
    { xmlMode: isXml, decodeEntities: true, recognizeSelfClosing: isXml },
    events,
  );
  events.stop = () => tokenizer.pause();
  tokenizer.write(source);
  if (!reader.isDone) tokenizer.end();
}

type Callbacks = ConstructorParameters<typeof Tokenizer>[1];

class Events implements Callbacks {
  stop = () => {};
  readonly #source: string;
  readonly #reader: MarkupReader;
  readonly #isXml: boolean;
  #name = "";
  #attributes = new Map<string, string>();
  #attribute = "";
  #value = "";

  constructor(source: string, reader: MarkupReader, isXml: boolean) {
    this.#source = source;
    this.#reader = reader;
    this.#isXml = isXml;
  }

  ontext(start: number, end: number): void {
    this.#reader.text(this.#source.slice(start, end));
  }

  ontextentity(codePoint: number): void {
    this.#reader.text(String.fromCodePoint(codePoint));
  }

  oncdata(start: number, end: number, endOffset: number): void {
    if (this.#isXml) this.#reader.text(this.#source.slice(start, end - endOffset));
  }

  onopentagname(start: number, end: number): void {
    this.#name = this.#nameAt(start, end);
    this.#attributes = new Map();
  }

  onattribname(start: number, end: number): void {
    this.#attribute = this.#nameAt(start, end);
    this.#value = "";
  }

  onattribdata(start: number, end: number): void {
    this.#value += this.#source.slice(start, end);
  }

  onattribentity(codePoint: number): void {
    this.#value += String.fromCodePoint(codePoint);
  }

  onattribend(): void {
    if (!this.#attributes.has(this.#attribute)) this.#attributes.set(this.#attribute, this.#value);
  }

  onopentagend(): void {
    this.#reader.open(this.#name, this.#attributes);
    this.#stopWhenDone();
  }

  onselfclosingtag(): void {
    this.#reader.open(this.#name, this.#attributes);
    if (this.#isXml) this.#reader.close(this.#name);
    this.#stopWhenDone();
  }

  onclosetag(start: number, end: number): void {
    this.#reader.close(this.#nameAt(start, end));
    this.#stopWhenDone();
  }

  oncomment(): void {}
  ondeclaration(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}

  #nameAt(start: number, end: number): string {
    const name = this.#source.slice(start, end);
    return this.#isXml ? name : name.toLowerCase();
  }

  #stopWhenDone(): void {
    if (this.#reader.isDone) this.stop();
  }
}
