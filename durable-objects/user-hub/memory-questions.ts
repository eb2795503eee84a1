/** Changes to facts that only the person can confirm, from the turn that raised them until they are answered or go stale. */
import type { z } from "zod";
import { assertedIn } from "../../src/features/memory/asserted.ts";
import { CoreQuestion } from "../../src/features/memory/schema.ts";
import { derivedId } from "../../src/lib/ids.ts";
import { isAgreement, isWordedIn } from "../../src/lib/wording.ts";
import { MayHold } from "./may-hold.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

/** `known` is null where nothing was known: then it is the words that were in doubt. */
export const OpenQuestion = CoreQuestion.omit({ askedAt: true }).extend({
  known: CoreQuestion.shape.known.nullable(),
});
export type OpenQuestion = z.infer<typeof OpenQuestion>;

/** Asked in one turn, a few at most. */
const ASKED_AT_ONCE = 3;
/** An answer comes soon or not at all. */
const STALE_MS = 7 * 24 * 3_600_000;

type QuestionColumns = { question_id: string; body: ArrayBuffer };

export class MemoryQuestions {
  readonly #storage: HubStorage;
  readonly #vault: Vault;
  readonly #rows: MayHold;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
    this.#rows = new MayHold(storage, "memory_questions");
  }

  /** Part of the caller's commit, as are the other changes. The same proposal is not raised twice. */
  raise(question: OpenQuestion, now: number): void {
    const id = this.#idOf(question.key);
    if (this.#find(id)?.proposed === question.proposed) return;
    this.#rows.note();
    this.#storage.run(
      "INSERT OR REPLACE INTO memory_questions VALUES (?, ?, NULL, ?)",
      id,
      now,
      this.#vault.seal("memory_questions", id, question),
    );
  }

  drop(key: string): void {
    this.#storage.run("DELETE FROM memory_questions WHERE question_id = ?", this.#idOf(key));
  }

  dropThose(isGone: (question: OpenQuestion) => boolean): void {
    for (const question of this.#open("raised_at >= ?", 0)) if (isGone(question)) this.drop(question.key);
  }

  /** What the next home turn asks: raised and not asked yet, the oldest first. */
  unasked(now: number): OpenQuestion[] {
    return this.#open("asked_at IS NULL AND raised_at > ?", now - STALE_MS).slice(0, ASKED_AT_ONCE);
  }

  /**
   * Notes which of those that this turn was shown, or raised itself, the person was asked: what counts is that the answer
   * they saw names the proposal.
   */
  noteAsked(turn: { requestId: string; shown: ReadonlySet<string> }, answer: string, now: number): void {
    for (const { key, proposed, requestId } of this.#open(
      "asked_at IS NULL AND raised_at > ?",
      now - STALE_MS,
    )) {
      const mayHaveAsked = turn.shown.has(key) || requestId === turn.requestId;
      if (!mayHaveAsked || !isWordedIn(proposed, [answer])) continue;
      this.#storage.run(
        "UPDATE memory_questions SET asked_at = ? WHERE question_id = ?",
        now,
        this.#idOf(key),
      );
    }
  }

  /** Whether the person, asked before this turn began, says in this message that the proposal holds. */
  isConfirmed({ key, value }: { key: string; value: string }, message: string, turnBeganAt: number): boolean {
    const asked = this.#open("asked_at < ?", turnBeganAt).find((question) => question.key === key);
    return asked?.proposed === value && (isAgreement(message) || isStatedIn(value, message));
  }

  /** Proposals that the person, asked before this turn began, has repeated in it. */
  restated(message: string, turnBeganAt: number): OpenQuestion[] {
    return this.#open("asked_at < ?", turnBeganAt).filter(({ proposed }) => isStatedIn(proposed, message));
  }

  prune(now: number): void {
    this.#storage.run("DELETE FROM memory_questions WHERE raised_at <= ?", now - STALE_MS);
  }

  #open(condition: string, at: number): OpenQuestion[] {
    const query = `SELECT question_id, body FROM memory_questions WHERE ${condition} ORDER BY raised_at`;
    return this.#rows
      .rows(() => this.#storage.rows<QuestionColumns>(query, at))
      .map(({ question_id: id, body }) => this.#vault.open("memory_questions", id, body, OpenQuestion.parse));
  }

  #find(id: string): OpenQuestion | undefined {
    const row = this.#storage.row<QuestionColumns>(
      "SELECT question_id, body FROM memory_questions WHERE question_id = ?",
      id,
    );
    return row && this.#vault.open("memory_questions", id, row.body, OpenQuestion.parse);
  }

  /** Says nothing of the key: keyed by the user's own key. */
  #idOf(key: string): string {
    return derivedId(
      "question",
      Buffer.from(this.#vault.dataKey.derive("memory questions")).toString("hex"),
      key,
    );
  }
}

/** "No, not Lund" and "Do I live in Lund?" say nothing of the kind. */
function isStatedIn(value: string, message: string): boolean {
  return isWordedIn(value, [assertedIn(message, { strict: true })]);
}
