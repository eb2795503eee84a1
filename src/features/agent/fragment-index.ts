import type { ToolSpec } from "../../platform/model-port.ts";
import { TOO_LONG, wordsOf } from "./words.ts";

/** Stands between two texts in the sequence of words; no word has this id. */
const TEXT_END = 0;
const CACHED_MAX = 8;
const IDEOGRAPH = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;

/** The words of the secret texts in their order, and where each pair of neighbours is followed by what. */
export class FragmentIndex {
  readonly #ids = new Map<string, number>();
  readonly #words: string[] = [];
  readonly #sequence: number[] = [];
  readonly #lettersBefore: number[] = [0];
  readonly #followers = new Map<number, number[]>();

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      for (const word of wordsOf(text)) {
        if (countsInRun(word.text) && word.text !== TOO_LONG) this.#append(word.text);
      }
      this.#append(null);
    }
    for (let position = 2; position < this.#sequence.length; position++) {
      const key = this.#pairKey(this.#sequence[position - 2]!, this.#sequence[position - 1]!);
      const positions = this.#followers.get(key);
      if (positions) positions.push(position);
      else this.#followers.set(key, [position]);
    }
  }

  /** Undefined for a word that no secret text holds. */
  idOf(word: string): number | undefined {
    return this.#ids.get(word);
  }

  idAt(position: number): number {
    return this.#sequence[position] ?? TEXT_END;
  }

  wordAt(position: number): string {
    return this.#words[this.idAt(position) - 1] ?? "";
  }

  /** Positions of the words that follow this pair of words, in any of the texts. */
  followers(first: number, second: number): readonly number[] {
    return this.#followers.get(this.#pairKey(first, second)) ?? [];
  }

  /** Letters of the `words` words that end at `position`. */
  lettersOf(position: number, words: number): number {
    return this.#lettersBefore[position + 1]! - this.#lettersBefore[position + 1 - words]!;
  }

  #append(word: string | null): void {
    let id = TEXT_END;
    if (word !== null) {
      id = this.#ids.get(word) ?? this.#words.push(word);
      this.#ids.set(word, id);
    }
    this.#sequence.push(id);
    this.#lettersBefore.push(this.#lettersBefore.at(-1)! + lettersOf(word ?? ""));
  }

  #pairKey(first: number, second: number): number {
    return first * (this.#words.length + 1) + second;
  }
}

/** A bare number does not: "1. You 2. are" reads as "You are". */
export function countsInRun(word: string): boolean {
  return !/^\p{N}*$/u.test(word);
}

/** An ideograph says as much as a few letters. */
function lettersOf(word: string): number {
  return IDEOGRAPH.test(word) ? 2 : word.length;
}

const indexes = new Map<string, FragmentIndex>();

/** The index of these texts, made once for each set of prompts in an isolate. */
export function fragmentIndexOf(texts: readonly string[]): FragmentIndex {
  const key = texts.join("\0");
  const index = indexes.get(key) ?? new FragmentIndex(texts);
  // The most recently used is the last of the map.
  indexes.delete(key);
  indexes.set(key, index);
  for (const oldest of indexes.keys()) {
    if (indexes.size <= CACHED_MAX) break;
    indexes.delete(oldest);
  }
  return index;
}

/**
 * What must not leave of a model request. `prompts` are the fixed parts of system prompts: never what the person wrote,
 * nor examples of what an answer may hold.
 */
export function secretTexts(prompts: readonly string[], tools: readonly ToolSpec[]): string[] {
  const toolTexts = tools.map(
    (tool) => `${tool.name}: ${tool.description} ${JSON.stringify(tool.inputSchema)}`,
  );
  return [...prompts, ...toolTexts];
}
