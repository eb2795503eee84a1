/**
 * Changes to facts that only the person can confirm: raised by a turn, asked by a later one in words of the hub, answered
 * by the message after that or dropped.
 */
import * as z from "zod";
import { CoreQuestion } from "../../src/features/memory/schema.ts";
import { derivedId } from "../../src/lib/ids.ts";
import { MayHold } from "./may-hold.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

/** `known` is null where nothing was known: then it is the words that were in doubt. */
export const OpenQuestion = CoreQuestion.omit({ askedAt: true }).extend({
  known: CoreQuestion.shape.known.nullable(),
  /** The chat it was asked in; null where there is none. */
  askedIn: z.string().nullable().optional(),
});
export type OpenQuestion = z.infer<typeof OpenQuestion>;

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

  /** What the next home turn but the one that raised it asks: the oldest that was not asked yet. One at a time. */
  next(now: number, requestId: string): OpenQuestion | undefined {
    return this.#open("asked_at IS NULL AND raised_at > ?", now - STALE_MS).find(
      (question) => question.requestId !== requestId,
    );
  }

  /** The person has read it in this chat, or in a conversation of none. */
  noteAsked(
    question: OpenQuestion,
    { chatId = null, now }: { chatId?: string | undefined | null; now: number },
  ) {
    const id = this.#idOf(question.key);
    if (this.#find(id)?.proposed !== question.proposed) return;
    const body = this.#vault.seal("memory_questions", id, { ...question, askedIn: chatId });
    this.#storage.run(
      "UPDATE memory_questions SET asked_at = ?, body = ? WHERE question_id = ?",
      now,
      body,
      id,
    );
  }

  /** Those that a message which came at this time answers. */
  asked(at: number): OpenQuestion[] {
    return this.#open("asked_at <= ?", at);
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
