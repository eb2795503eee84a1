/** What a model writes, on its way to a client: filters over streamed text, one after the other (spec 4). */
import { LinkedPictures } from "../../lib/pictures.ts";
import type { BlockType } from "../hub/protocol.ts";
import { type Block, chartBlock, referenceBlocks, tableBlock, type WrittenBlock } from "./blocks.ts";
import type { EntityType, TurnEntities } from "./entities.ts";
import type { FragmentIndex } from "./fragment-index.ts";
import { FragmentGuard, type Guarded, holdsFragment } from "./guard.ts";
import { InlineTags, type Reference, type TagPiece } from "./inline-tags.ts";
import { TableReader } from "./markdown-table.ts";

export type Output = { text: string } | { block: Block };

/** `tags`: entities and charts are inline tags. `blocks`: they and tables are blocks. `plain`: text without either. */
export type OutputMode = "tags" | "blocks" | "plain";

/** For the log: that something was kept back, never what. */
export type OutputEvent =
  | { event: "output.fragment_blocked" }
  | { event: "output.entity_removed"; entity: EntityType; count: number }
  | { event: "output.block_skipped"; block: BlockType; reason: "invalid" | "secret" };

export interface OutputOptions {
  secrets: FragmentIndex;
  /** Rows that tools returned in this turn; asked when a tag is complete. */
  entities: Pick<TurnEntities, "has" | "get">;
  mode: OutputMode;
  report(event: OutputEvent): void;
}

export interface OutputFilter {
  /**
   * What can go out now. Text is held back only while it may be a fragment or a tag, 2,048 characters at most; a chart or
   * a table that becomes a block is held until it is whole.
   */
  push(delta: string): Output[];
  /** The rest of the response. The filter can then be used for the next one. */
  end(): Output[];
}

/** However a response is cut into deltas, the outputs are the same but for where text is cut. */
export function createOutputFilter(options: OutputOptions): OutputFilter {
  return new ResponseFilter(options);
}

class ResponseFilter implements OutputFilter {
  readonly #options: OutputOptions;
  readonly #tables: TableReader | null;
  readonly #tags: InlineTags;
  readonly #guard: FragmentGuard<Output>;
  #halfPair = "";
  #pictures = new LinkedPictures();

  constructor(options: OutputOptions) {
    const { mode, entities, secrets, report } = options;
    this.#options = options;
    this.#tables = mode === "blocks" ? new TableReader() : null;
    this.#tags = new InlineTags({
      charts: ({ tags: "pass", blocks: "collect", plain: "drop" } as const)[mode],
      isKnown: (type, id) => entities.has(type, id),
      onUnknown: (entity, count) => report({ event: "output.entity_removed", entity, count }),
    });
    this.#guard = new FragmentGuard(secrets, () => report({ event: "output.fragment_blocked" }));
  }

  push(delta: string): Output[] {
    // Frames are UTF-8: the halves of a surrogate pair must not travel in two of them.
    const text = this.#halfPair + delta;
    this.#halfPair = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? "";
    return this.#linked(this.#take(text.slice(0, text.length - this.#halfPair.length), false));
  }

  end(): Output[] {
    const rest = this.#halfPair;
    this.#halfPair = "";
    const outputs = this.#linked(this.#take(rest, true));
    this.#pictures = new LinkedPictures();
    return outputs;
  }

  /** Last of all: what is taken out before may have stood between the parts of a picture. */
  #linked(outputs: Output[]): Output[] {
    return outputs.map((output) => ("text" in output ? { text: this.#pictures.push(output.text) } : output));
  }

  #take(text: string, isFinal: boolean): Output[] {
    const outputs: Output[] = [];
    const pieces = this.#tables ? this.#tables.push(text) : [{ text }];
    if (isFinal && this.#tables) pieces.push(...this.#tables.end());
    for (const piece of pieces) {
      if ("text" in piece) this.#takeTags(this.#tags.push(piece.text), outputs);
      else this.#putBlock("table", tableBlock(piece.table), outputs);
    }
    if (isFinal) this.#flush(outputs);
    return outputs;
  }

  #takeTags(pieces: TagPiece[], outputs: Output[]): void {
    for (const piece of pieces) {
      if ("text" in piece) put(outputs, this.#guard.push(piece.text));
      else if ("chart" in piece) this.#putChart(piece.chart, outputs);
      else this.#putReference(piece.reference, outputs);
    }
  }

  #putReference(reference: Reference, outputs: Output[]): void {
    const tag = `<${reference.type}>[${reference.ids.join(",")}]</${reference.type}>`;
    for (const item of this.#shown(reference, tag)) put(outputs, this.#guard.place(item, tag.length));
  }

  #shown(reference: Reference, tag: string): Output[] {
    const { mode, entities } = this.#options;
    if (mode === "plain") return [];
    if (mode === "tags") return [{ text: tag }];
    return referenceBlocks(reference, entities).map((block) => ({ block }));
  }

  #putChart(json: string, outputs: Output[]): void {
    put(outputs, this.#guard.end());
    this.#putChecked("chart", chartBlock(json), outputs);
  }

  #putBlock(type: BlockType, written: WrittenBlock | null, outputs: Output[]): void {
    this.#flush(outputs);
    this.#putChecked(type, written, outputs);
  }

  #putChecked(type: BlockType, written: WrittenBlock | null, outputs: Output[]): void {
    const { secrets, report } = this.#options;
    if (!written) report({ event: "output.block_skipped", block: type, reason: "invalid" });
    else if (holdsFragment(secrets, written.words)) {
      report({ event: "output.block_skipped", block: type, reason: "secret" });
    } else outputs.push({ block: written.block });
  }

  #flush(outputs: Output[]): void {
    this.#takeTags(this.#tags.end(), outputs);
    put(outputs, this.#guard.end());
  }
}

/** Adds what passed the guard, joining text with text. */
function put(outputs: Output[], passed: Guarded<Output>[]): void {
  for (const each of passed) {
    const output = "item" in each ? each.item : each;
    const last = outputs.at(-1);
    if ("text" in output && last && "text" in last) last.text += output.text;
    else outputs.push({ ...output });
  }
}
