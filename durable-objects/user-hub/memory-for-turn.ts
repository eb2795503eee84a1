import { type TurnMemory, turnZone } from "../../src/features/agent/memory.ts";
import type { MemoryContext } from "../../src/features/agent/prompts/compose.ts";
import type { TurnResult } from "../../src/features/agent/types.ts";
import { CORE_BYTES_MAX, coreBytes } from "../../src/features/memory/core-facts.ts";
import { CONFIDENCE_SHOWN } from "../../src/features/memory/patterns.ts";
import type { CoreEntry, MemoryItem } from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { ToolOutput } from "../../src/features/tools/types.ts";
import { localDay, localText } from "../../src/lib/zone.ts";
import type { HubMemory } from "./memory.ts";
import type { Question } from "./memory-search.ts";
import { sessionsOf } from "./memory-sessions.ts";
import { TurnFacts } from "./turn-facts.ts";
import { TurnForgetting } from "./turn-forgetting.ts";
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
  readonly #facts: TurnFacts;
  readonly #forgetting: TurnForgetting;
  /** What the person was shown in this turn, and agreed to. */
  readonly #approved = new Set<string>();
  #zone: string;

  constructor(memory: HubMemory, run: TurnRun) {
    this.#memory = memory;
    this.#run = run;
    this.#facts = new TurnFacts(memory, run);
    this.#forgetting = new TurnForgetting(memory, run);
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
    const { jobs, suggestions, now, parts } = this.#memory;
    const { input, row } = this.#run;
    const { requestId, createdAt: beganAt } = row;
    const isDone = status === "done";
    try {
      const suggested = suggestions.settle(requestId, isDone ? text : null);
      if (suggested !== undefined) this.#used.add(suggested);
      this.#facts.settle({ isDone });
      if (!isDone) return;
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
    const { loading, store } = this.#memory;
    const { input, row } = this.#run;
    await loading.enough();
    const confirmed = this.#facts.takeAnswer();
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
      ...(confirmed.length > 0 ? { confirmed } : {}),
    };
    if (input.kind !== "home") return found;
    const suggestion = this.#suggestion(patterns);
    return { ...found, ...(suggestion === undefined ? {} : { suggestion }) };
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
    return this.#facts.learn(position, entry, said);
  }

  forget(what: string): Promise<ToolOutput> {
    return this.#forgetting.forget(what);
  }

  closing(): string | undefined {
    try {
      return this.#facts.closing();
    } catch (cause) {
      this.#memory.parts.log.error({ event: "memory.unread", request_id: this.#run.row.requestId }, cause);
      return undefined;
    }
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
