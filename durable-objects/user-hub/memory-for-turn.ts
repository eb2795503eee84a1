import { type TurnMemory, turnZone } from "../../src/features/agent/memory.ts";
import type { MemoryContext } from "../../src/features/agent/prompts/compose.ts";
import type { TurnResult } from "../../src/features/agent/types.ts";
import { assertedIn } from "../../src/features/memory/asserted.ts";
import { CORE_BYTES_MAX, coreBytes, isIdentity, keptKey } from "../../src/features/memory/core-facts.ts";
import { proposeCore } from "../../src/features/memory/merge.ts";
import { Grounds, ownWords } from "../../src/features/memory/own-words.ts";
import { CONFIDENCE_SHOWN } from "../../src/features/memory/patterns.ts";
import type { CoreEntry, MemoryItem } from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { ToolOutput } from "../../src/features/tools/types.ts";
import { newId } from "../../src/lib/ids.ts";
import { isWordedIn } from "../../src/lib/wording.ts";
import { localDay, localText } from "../../src/lib/zone.ts";
import type { HubMemory, TurnOfChange } from "./memory.ts";
import type { Question } from "./memory-search.ts";
import { sessionsOf } from "./memory-sessions.ts";
import type { Learning } from "./run-journal.ts";
import type { TurnRun } from "./turn-run.ts";

const STATEMENTS_MAX = 8;
const SESSIONS_MAX = 5;
const MATCHING_EPISODES_MAX = 3;
const PATTERNS_MAX = 5;
const RECALLED_OF_TIER = 5;
/** Episodes looked through for the last sessions: one a turn. */
const EPISODES_READ = 40;

/** One turn's view of the memory. */
export class MemoryForTurn implements TurnMemory {
  readonly #memory: HubMemory;
  readonly #run: TurnRun;
  /** Items that went into the turn. */
  readonly #used = new Set<string>();
  /** Keys of the questions that its prompt holds. */
  readonly #asked = new Set<string>();
  /** What the person was shown in this turn, and agreed to. */
  readonly #approved = new Set<string>();
  #zone: string;

  constructor(memory: HubMemory, run: TurnRun) {
    this.#memory = memory;
    this.#run = run;
    this.#zone = run.input.timezone;
  }

  /** A turn is answered without its memory rather than not at all. */
  async context(): Promise<MemoryContext> {
    try {
      return await this.#context();
    } catch (cause) {
      this.#memory.parts.log.error({ event: "memory.unread", request_id: this.#run.row.requestId }, cause);
      return NOTHING;
    }
  }

  /** Part of the commit that ends the turn; what goes wrong here must not keep it from ending. */
  settle({ status, text }: TurnResult): void {
    const { jobs, questions, suggestions, now, parts } = this.#memory;
    const { input, row } = this.#run;
    const { requestId, createdAt: beganAt } = row;
    const isDone = status === "done";
    try {
      const suggested = suggestions.settle(requestId, isDone ? text : null);
      if (suggested !== undefined) this.#used.add(suggested);
      if (!isDone) return;
      questions.noteAsked({ requestId, shown: this.#asked }, text, now);
      const { chatId, message: said } = input;
      const told = {
        version: 1 as const,
        requestId,
        beganAt,
        said,
        ...(chatId === undefined ? {} : { chatId }),
      };
      jobs.owe({ ...told, confirmed: [...this.#approved], used: [...this.#used] }, now);
    } catch (cause) {
      parts.log.error({ event: "memory.unsettled", request_id: requestId }, cause);
    }
  }

  async #context(): Promise<MemoryContext> {
    const { loading, store, questions } = this.#memory;
    const { input, row } = this.#run;
    await loading.enough();
    const question =
      this.#memory.vectors.count > 0 ? await this.#memory.embedding.question(input.message) : undefined;
    const core = withinCap(store.core(row.createdAt));
    const facts = Object.fromEntries(
      core.flatMap(({ body }) => (body.tier === "core" ? [[body.key, body.value]] : [])),
    );
    this.#zone = turnZone({ core: facts }, input.timezone);
    const patterns = this.#patterns();
    for (const { id } of core) this.#used.add(id);
    const found: MemoryContext = {
      core: facts,
      statements: question ? this.#lines(this.#search(question, "associative", STATEMENTS_MAX)) : [],
      sessions: this.#sessions(question),
      patterns: patterns.map(({ body }) => textOf(body)),
    };
    if (input.kind !== "home") return found;
    const suggestion = this.#suggestion(patterns);
    const open = questions.unasked(row.createdAt);
    for (const { key } of open) this.#asked.add(key);
    return {
      ...found,
      ...(suggestion === undefined ? {} : { suggestion }),
      questions: open.map(({ key, known, proposed }) => ({ key, known, proposed })),
    };
  }

  async recall(query: string): Promise<readonly string[]> {
    await this.#memory.loading.enough();
    const question = await this.#memory.embedding.question(query);
    if (!question) return [];
    const items = [
      ...this.#search(question, "associative", RECALLED_OF_TIER),
      ...this.#search(question, "episodic", RECALLED_OF_TIER),
    ];
    const known = new Set(items.map(({ id }) => id));
    const older = (await this.#memory.older(query, RECALLED_OF_TIER)).filter(({ id }) => !known.has(id));
    return [...this.#lines(items), ...older.map(({ at, text }) => dated(at, text, this.#zone))];
  }

  /** Each replay says so again. */
  noteApproved(summary: string): void {
    this.#approved.add(summary);
  }

  learn(position: string, entry: CoreEntry, said: readonly string[]): ToolOutput {
    return this.#run.learn(position, () => this.#decide(entry, said));
  }

  /** What a turn cannot vouch for, and what says who somebody is, becomes a question. */
  #decide({ key: named, value }: CoreEntry, said: readonly string[]): Learning {
    const { questions, store } = this.#memory;
    const { input, row } = this.#run;
    const own = said.map(ownWords);
    const core = store.core(row.createdAt);
    const entry = { key: keptKey(named, core), value };
    const now = row.createdAt;
    if (questions.isConfirmed(entry, ownWords(input.message), row.createdAt)) {
      return { output: STORED, write: () => this.#memory.confirm(entry, this.#origin) };
    }
    if (!isStatedIn(entry, own)) return this.#raise(entry, core, UNSAID);
    // All of its words are theirs, which is more than the rules ask for.
    const source = { entry, origin: "person" as const, own: new Grounds([entry.value]), quote: null };
    const proposal = proposeCore(core, { ...source, requestId: row.requestId }, { now, newId });
    if (proposal.kind === "ask") return this.#raise(entry, core, UNCONFIRMED);
    if (proposal.kind === "refuse")
      return { output: { text: "Not stored: there is no room for more facts.", isError: true } };
    return { output: STORED, write: () => this.#memory.write(source, this.#origin) };
  }

  #raise({ key, value }: CoreEntry, core: readonly MemoryItem[], text: string): Learning {
    const { requestId } = this.#run.row;
    const before = core.find(({ body }) => body.tier === "core" && body.key === key);
    const known = before ? textOf(before.body) : null;
    const question = { key, known, proposed: value, quote: null, requestId };
    return { output: { text, isError: true }, write: () => this.#memory.raise(question, this.#origin) };
  }

  get #origin(): TurnOfChange {
    const { requestId, createdAt: beganAt } = this.#run.row;
    return { requestId, beganAt };
  }

  #search(question: Question, tier: "associative" | "episodic", limit: number): MemoryItem[] {
    const items = this.#memory.search.find(question, tier, limit);
    for (const { id } of items) this.#used.add(id);
    return items;
  }

  /** The last sessions but this one, whose words the turn has anyway, and episodes that match. */
  #sessions(question: Question | undefined): string[] {
    const { input, row } = this.#run;
    const episodes = this.#memory.store.episodes(row.createdAt, EPISODES_READ);
    const sessions = sessionsOf(episodes, { exceptChat: input.chatId, limit: SESSIONS_MAX });
    const shown = new Set(sessions.flatMap(({ items }) => items.map(({ id }) => id)));
    const matching = question ? this.#search(question, "episodic", MATCHING_EPISODES_MAX) : [];
    const further = matching.filter(
      ({ id, body }) =>
        !shown.has(id) && !(body.tier === "episodic" && isSameChat(body.chatId, input.chatId)),
    );
    return [...sessions.map(({ at, text }) => dated(at, text, this.#zone)), ...this.#lines(further)];
  }

  #patterns(): MemoryItem[] {
    return this.#memory.store
      .current("proactive", this.#run.row.createdAt)
      .filter(({ confidence }) => confidence >= CONFIDENCE_SHOWN)
      .sort((one, other) => other.confidence - one.confidence)
      .slice(0, PATTERNS_MAX);
  }

  /** The pattern that was suggested longest ago, until an answer of the person's day has named it. */
  #suggestion(patterns: readonly MemoryItem[]): string | undefined {
    const { createdAt, requestId } = this.#run.row;
    const [next] = patterns.toSorted((one, other) => (one.lastUsedAt ?? 0) - (other.lastUsedAt ?? 0));
    const day = localDay(createdAt, this.#zone).date;
    if (!next) return undefined;
    const habit = textOf(next.body);
    return this.#memory.suggestions.take(day, requestId, { id: next.id, habit }) ? habit : undefined;
  }

  #lines(items: readonly Pick<MemoryItem, "body" | "validFrom">[]): string[] {
    return items.map(({ body, validFrom }) => dated(validFrom, textOf(body), this.#zone));
  }
}

const NOTHING: MemoryContext = { core: {}, statements: [], sessions: [], patterns: [] };
const STORED: ToolOutput = { text: "Remembered." };
const UNSAID =
  "Not stored: the person has not said this in their own words. Ask them whether it should be remembered; once they have agreed, it can be.";
const UNCONFIRMED =
  "Not stored yet, for it would change who the person is known to be. Ask them to confirm it, naming the new value; once they have agreed, call this again.";

/** As a person would say it: of a time zone the place. */
function spoken({ key, value }: CoreEntry): string {
  return /time_?zone|^tz$/.test(key) ? (value.split("/").at(-1) ?? value).replaceAll("_", " ") : value;
}

/** All of it is in the person's own words, and some of it in what they said is so. */
function isStatedIn(entry: CoreEntry, own: readonly string[]): boolean {
  const stated = own.map((words) => assertedIn(words, { strict: isIdentity(entry.key) }));
  return isWordedIn(spoken(entry), own) && new Grounds(stated).touches(spoken(entry));
}

function dated(at: number, text: string, zone: string): string {
  return `${localText(at, zone).slice(0, 10)}: ${text}`;
}

function isSameChat(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

/** Spec 6: 4 KB of facts at most, those that count for most. */
function withinCap(core: readonly MemoryItem[]): MemoryItem[] {
  const kept: MemoryItem[] = [];
  let bytes = 0;
  for (const item of core.toSorted((one, other) => other.strength - one.strength)) {
    bytes += coreBytes([item]);
    if (bytes <= CORE_BYTES_MAX) kept.push(item);
  }
  return kept;
}
