import { searchWords } from "../../lib/search-words.ts";
import { clausesOf } from "./clauses.ts";
import { isAgainst } from "./denial.ts";
import { Grounds } from "./own-words.ts";
import { partsOf } from "./retracting.ts";
import { sentencesOf } from "./sentences.ts";

interface ToldClause {
  grounds: Grounds;
  wordCount: number;
  isDenied: boolean;
}

/** What a person said in one message and did not take back: what their statements must be found in. */
export class Told {
  readonly #grounds: Grounds;
  readonly #clauses: readonly ToldClause[];
  readonly #words: readonly string[];

  constructor(own: string) {
    const { standing } = partsOf(own);
    this.#grounds = new Grounds(standing);
    const clauses = standing.flatMap((part) => [...sentencesOf(part)].flatMap(clausesOf));
    const words = clauses.map(({ text }) => searchWords(text));
    this.#words = words.flat();
    this.#clauses = clauses.map(({ text, isDenied }, at) => {
      return { grounds: new Grounds([text]), wordCount: words[at]?.length ?? 0, isDenied };
    });
  }

  holds(quote: string): boolean {
    return this.#grounds.holds(quote);
  }

  /** The quote was said, and a clause of it has a telling word of the statement: one that denies only of a statement that does. */
  bearsOut(statement: string, quote: string): boolean {
    if (!this.holds(quote) || !this.#grounds.touches(statement)) return false;
    return (
      isAgainst(statement) ||
      this.#clausesAt(quote).some(({ grounds, isDenied }) => !isDenied && grounds.touches(statement))
    );
  }

  /** All, when the quote cannot be found word by word: where words end may depend on what stands beside them. */
  #clausesAt(quote: string): readonly ToldClause[] {
    const wanted = searchWords(quote);
    const found = new Set<ToldClause>();
    for (let from = 0; from + wanted.length <= this.#words.length; from++) {
      if (!wanted.every((word, at) => this.#words[from + at] === word)) continue;
      let begin = 0;
      for (const clause of this.#clauses) {
        const end = begin + clause.wordCount;
        if (begin < from + wanted.length && from < end) found.add(clause);
        begin = end;
      }
    }
    return found.size > 0 ? [...found] : this.#clauses;
  }
}
