/** What an extraction changes in what is known: pure rules, so that a model's answer alone decides nothing. */
import { assertedIn } from "./asserted.ts";
import { isCorrection, isRepetition } from "./comparing.ts";
import { CORE_BYTES_MAX, coreBytes, isIdentity, keptKey } from "./core-facts.ts";
import { isAgainst } from "./denial.ts";
import { endedBy } from "./ended.ts";
import type { Exchange, Known } from "./extract.ts";
import { type AllItems, takenAlike } from "./forget.ts";
import { inserted, isLive, type Making, strengthened, succeeding, superseded, writtenCore } from "./item.ts";
import { Grounds, normalised, ownWords } from "./own-words.ts";
import type { CoreEntry, CoreQuestion, Extraction, MemoryChange, MemoryItem } from "./schema.ts";
import { textOf } from "./text.ts";
import { Told } from "./told.ts";

export interface Merge {
  /** To be made in one commit; no item occurs twice. */
  changes: MemoryChange[];
  /** For the next home turn to ask. */
  questions: CoreQuestion[];
}

/** Where the words of a proposed fact come from. */
export type Origin = "person" | "document" | "mail" | "tool";

export type CoreProposal =
  | { kind: "write"; changes: MemoryChange[] }
  | { kind: "ask"; question: CoreQuestion }
  | { kind: "refuse"; reason: "not_own_words" | "too_much" };

/**
 * A fact that a turn wants to write. It must come from the person, and their words must bear it out: what a document, a
 * mail or a tool said is refused. A change of who somebody is, or of what they wrote themselves, becomes a question.
 */
export function proposeCore(
  core: readonly MemoryItem[],
  { entry, origin, own, quote, requestId }: FactSource,
  making: Making,
): CoreProposal {
  if (origin !== "person" || !own.touches(entry.value)) return { kind: "refuse", reason: "not_own_words" };
  const known = core.find(
    (item) => item.body.tier === "core" && item.body.key === entry.key && isLive(item, making.now),
  );
  const before = known?.body.tier === "core" ? known.body.value : undefined;
  const isSame = before !== undefined && normalised(before) === normalised(entry.value);
  const isTheirs = isIdentity(entry.key) || known?.provenance.source === "user";
  if (before !== undefined && !isSame && isTheirs) {
    const question = {
      ...entry,
      known: before,
      proposed: entry.value,
      quote,
      requestId,
      askedAt: making.now,
    };
    return { kind: "ask", question };
  }
  const others = core.filter((item) => item !== known && isLive(item, making.now));
  if (!isSame && coreBytes(others) + coreBytes([{ body: { tier: "core", ...entry } }]) > CORE_BYTES_MAX)
    return { kind: "refuse", reason: "too_much" };
  const written = isSame && known ? { ...entry, value: before } : entry;
  return {
    kind: "write",
    changes: writtenCore(known, written, { source: "turn", requestId, quote }, making),
  };
}

export interface FactSource {
  entry: CoreEntry;
  origin: Origin;
  /** What the person said is so, in this turn and in those before that the fact may come from. */
  own: Grounds;
  quote: string | null;
  requestId: string;
}

/**
 * The person said yes: the fact holds from now on, and statements from the same words as the one before hold no more. Other
 * than `proposeCore` it changes who somebody is.
 */
export function confirmedCore(
  core: readonly MemoryItem[],
  { key, proposed, quote, requestId }: Pick<CoreQuestion, "key" | "proposed" | "quote" | "requestId">,
  making: Making,
  all: AllItems,
): MemoryChange[] {
  const known = core.find(
    (item) => item.body.tier === "core" && item.body.key === key && isLive(item, making.now),
  );
  const isOther = known !== undefined && normalised(textOf(known.body)) !== normalised(proposed);
  const outdated = isOther ? takenAlike([known], all).same : [];
  return [
    ...writtenCore(known, { key, value: proposed }, { source: "user", requestId, quote }, making),
    ...outdated
      .filter((item) => item.body.tier === "associative" && isLive(item, making.now))
      .map((item) => superseded(item, making.now)),
  ];
}

/** What is left of an extraction when the rules have been applied, and what that changes. */
export function merge(known: Known, extraction: Extraction, exchange: Exchange, making: Making): Merge {
  const own = ownWords(exchange.said);
  const told = new Told(own);
  const facts = mergeFacts(known, extraction, exchange, { told, own }, making);
  const statements = mergeStatements(known, extraction, exchange, told, making);
  const changed = new Set([...facts.changes, ...statements].map(({ item }) => item.id));
  const ended = endedBy(extraction.ended ?? [], known, own)
    .filter((item) => isLive(item, making.now) && !changed.has(item.id))
    .map((item) => superseded(item, making.now));
  const episode = extraction.summary
    ? [
        inserted(
          {
            tier: "episodic",
            summary: extraction.summary,
            ...(exchange.chatId === undefined ? {} : { chatId: exchange.chatId }),
          },
          { source: "turn", requestId: exchange.requestId, quote: null },
          making,
        ),
      ]
    : [];
  return { changes: [...facts.changes, ...statements, ...ended, ...episode], questions: facts.questions };
}

function mergeFacts(
  { core }: Known,
  { facts }: Extraction,
  { requestId }: Exchange,
  { told, own: words }: { told: Told; own: string },
  making: Making,
): Merge {
  const merged: Merge = { changes: [], questions: [] };
  let current = [...core];
  const seen = new Set<string>();
  for (const { key: named, value, quote } of facts) {
    const key = keptKey(named, current);
    // One message says one thing of a key: the first, as the model ordered them.
    if (seen.has(key) || !told.holds(quote)) continue;
    seen.add(key);
    const undenied = !isAgainst(key) && !isAgainst(value);
    const stated = new Grounds([assertedIn(words, { strict: isIdentity(key), undenied })]);
    const source = { entry: { key, value }, origin: "person", own: stated, quote, requestId } as const;
    const proposal = proposeCore(current, source, making);
    if (proposal.kind === "ask") merged.questions.push(proposal.question);
    if (proposal.kind !== "write") continue;
    merged.changes.push(...proposal.changes);
    const changed = new Set(proposal.changes.map(({ item }) => item.id));
    current = [...current.filter(({ id }) => !changed.has(id)), ...proposal.changes.map(({ item }) => item)];
  }
  return merged;
}

function mergeStatements(
  known: Known,
  { statements }: Extraction,
  { requestId }: Exchange,
  told: Told,
  making: Making,
): MemoryChange[] {
  const changes: MemoryChange[] = [];
  const touched = new Set<string>();
  const live = known.statements.filter((item) => isLive(item, making.now));
  const change = (one: MemoryChange) => {
    touched.add(one.item.id);
    changes.push(one);
  };
  for (const { statement, entity, quote, confidence, replaces, until } of statements) {
    if (!told.bearsOut(statement, quote)) continue;
    const repeated = [...live, ...newOnes(changes)].find(({ body }) => isRepetition(textOf(body), statement));
    if (repeated) {
      if (!touched.has(repeated.id)) change(strengthened(repeated, making.now, { requestId, confidence }));
      continue;
    }
    const named = replaces === undefined ? undefined : known.statements[replaces - 1];
    const replaced = live.filter(
      (old) => !touched.has(old.id) && (old === named || isCorrection(textOf(old.body), statement)),
    );
    for (const old of replaced) change(superseded(old, making.now));
    const provenance = succeeding({ source: "turn", requestId, quote }, replaced);
    change(
      inserted({ tier: "associative", statement, ...(entity ? { entity } : {}) }, provenance, making, {
        confidence,
        validTo: until === undefined ? null : endOf(until, making.now),
      }),
    );
  }
  return changes;
}

/** When this day is over everywhere; null for a day that is over already: then the words tell of the past. */
function endOf(day: string, now: number): number | null {
  const at = Date.parse(`${day}T00:00:00Z`) + DAY_ENDS_MS;
  return at > now ? at : null;
}

const DAY_ENDS_MS = 36 * 3_600_000;

function newOnes(changes: readonly MemoryChange[]): MemoryItem[] {
  return changes.filter(({ kind }) => kind === "insert").map(({ item }) => item);
}
