/**
 * Keeps prompts at home (spec 1, privacy rule 3): finds where streamed text repeats a fragment of the secret texts and
 * takes it out. Words are compared, whatever their case, spacing and decoration, and however the text is cut into chunks.
 * A guard, not a proof: a translation or a paraphrase passes.
 */
import { countsInRun, type FragmentIndex } from "./fragment-index.ts";
import { type Word, WordReader } from "./words.ts";

/** A run of words in the order of a secret text is a fragment from one of these sizes on. */
const FRAGMENTS = [
  { words: 8, letters: 24 },
  { words: 5, letters: 48 },
];
/** Text is held back from the third word of a run on: two words of some prompt in a row are in every sentence. */
const HOLD_FROM_WORD = 3;
/** Characters between two words of a run. */
const GAP_CHARS_MAX = 64;

/** What passes: text, and other things in their place. */
export type Guarded<Item> = { text: string } | { item: Item };

interface RunWord extends Word {
  id: number;
}

/** Holds back at most seven words with their gaps and the beginning of an eighth: under 1,000 characters. */
export class FragmentGuard<Item = never> {
  readonly #index: FragmentIndex;
  readonly #onBlocked: () => void;
  readonly #reader = new WordReader();
  /** Text that has not passed yet; `#base` characters came before it. */
  #held = "";
  #base = 0;
  #items: { at: number; item: Item }[] = [];
  /** The words of the longest run, and up to two before. */
  #words: RunWord[] = [];
  /** Characters of items since the last of them. */
  #itemChars = 0;
  /** Where in the secret texts the last words stand: position of the last one → how many words agree. */
  #runs = new Map<number, number>();
  #isBlocking = false;

  /** `onBlocked` is called once for each fragment. */
  constructor(index: FragmentIndex, onBlocked: () => void) {
    this.#index = index;
    this.#onBlocked = onBlocked;
  }

  push(text: string): Guarded<Item>[] {
    const passed: Guarded<Item>[] = [];
    this.#held += text;
    for (const word of this.#reader.read(text)) this.#read(word, passed);
    this.#passUntil(this.#holdStart(), passed);
    return passed;
  }

  /** Something that is no text: it keeps its place, and is `chars` wide in the gap between two words. */
  place(item: Item, chars: number): Guarded<Item>[] {
    const passed: Guarded<Item>[] = [];
    this.#items.push({ at: this.#reader.total, item });
    this.#itemChars += chars;
    this.#passUntil(this.#holdStart(), passed);
    return passed;
  }

  /** The rest. No run goes on beyond this point. */
  end(): Guarded<Item>[] {
    const passed: Guarded<Item>[] = [];
    for (const word of this.#reader.finish()) this.#read(word, passed);
    this.#breakRun();
    this.#passUntil(this.#reader.total, passed);
    return passed;
  }

  #read(word: Word, passed: Guarded<Item>[]): void {
    if (!countsInRun(word.text)) return;
    if (this.#isAcrossGap(word.start)) this.#breakRun();
    const id = this.#index.idOf(word.text);
    if (id === undefined) this.#breakRun();
    else this.#extendRuns({ ...word, id }, passed);
    this.#itemChars = 0;
  }

  #extendRuns(word: RunWord, passed: Guarded<Item>[]): void {
    const runs = this.#runsWith(word);
    const fragments = new Map([...runs].filter(([position, words]) => this.#isFragment(position, words)));
    if (fragments.size > 0) {
      this.#words.push(word);
      if (!this.#isBlocking) this.#beginBlocking(passed);
      this.#drop(word.end, passed);
      this.#runs = fragments;
    } else {
      this.#isBlocking = false;
      this.#words = [...this.#words, word].slice(-Math.max(2, ...runs.values()));
      this.#runs = runs;
    }
  }

  #beginBlocking(passed: Guarded<Item>[]): void {
    this.#isBlocking = true;
    this.#onBlocked();
    this.#passUntil(this.#words[HOLD_FROM_WORD - 1]!.start, passed);
  }

  /** The runs that this word continues, and those of which it is the third word. */
  #runsWith(word: RunWord): Map<number, number> {
    const runs = new Map<number, number>();
    for (const [position, words] of this.#runs) {
      if (this.#index.idAt(position + 1) === word.id) runs.set(position + 1, words + 1);
    }
    for (const position of this.#followersOfLast()) {
      if (this.#index.idAt(position) === word.id && !runs.has(position)) runs.set(position, HOLD_FROM_WORD);
    }
    return runs;
  }

  #isFragment(position: number, words: number): boolean {
    const letters = this.#index.lettersOf(position, words);
    return FRAGMENTS.some((size) => words >= size.words && letters >= size.letters);
  }

  #followersOfLast(): readonly number[] {
    const [first, second] = [this.#words.at(-2), this.#words.at(-1)];
    return first && second ? this.#index.followers(first.id, second.id) : [];
  }

  /** From here on text must wait for what follows. */
  #holdStart(): number {
    const { partial, total } = this.#reader;
    const next = partial?.start ?? total;
    if (this.#isAcrossGap(next)) this.#breakRun();
    if (this.#isBlocking) return this.#words.at(-1)!.end;
    if (this.#runs.size > 0) return this.#words[HOLD_FROM_WORD - 1]!.start;
    if (!partial) return total;
    const mayBeThird = this.#followersOfLast().some((at) => this.#index.wordAt(at).startsWith(partial.text));
    return mayBeThird ? partial.start : total;
  }

  #isAcrossGap(next: number): boolean {
    const last = this.#words.at(-1);
    return last !== undefined && next - last.end + this.#itemChars > GAP_CHARS_MAX;
  }

  #breakRun(): void {
    this.#runs.clear();
    this.#words = [];
    this.#isBlocking = false;
  }

  /** Passes on what is held before `end`, and the items up to there. */
  #passUntil(end: number, passed: Guarded<Item>[]): void {
    for (let item = this.#items[0]; item && item.at <= end; item = this.#items[0]) {
      this.#passText(item.at, passed);
      passed.push({ item: item.item });
      this.#items.shift();
    }
    this.#passText(end, passed);
  }

  #passText(end: number, passed: Guarded<Item>[]): void {
    if (end <= this.#base) return;
    passed.push({ text: this.#held.slice(0, end - this.#base) });
    this.#forget(end);
  }

  /**
   * Takes out what is held before `end`. Items in it stay: they are checked elsewhere. To the reader the words before the
   * fragment now stand next to what follows, so a run can go on from them.
   */
  #drop(end: number, passed: Guarded<Item>[]): void {
    for (let item = this.#items[0]; item && item.at <= end; item = this.#items[0]) {
      passed.push({ item: item.item });
      this.#items.shift();
    }
    this.#forget(end);
    const [first, second] = this.#words;
    if (first && second) this.#words = [first, { ...second, end }];
  }

  #forget(end: number): void {
    this.#held = this.#held.slice(end - this.#base);
    this.#base = end;
  }
}

/** Whether a whole text repeats a fragment. */
export function holdsFragment(index: FragmentIndex, text: string): boolean {
  let found = false;
  const guard = new FragmentGuard(index, () => {
    found = true;
  });
  guard.push(text);
  guard.end();
  return found;
}
