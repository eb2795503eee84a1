/** What is remembered of a person (spec 6): the forms that hub, database and API share. Times inside are Unix ms. */
import * as z from "zod";
import { pageOf } from "../../lib/pagination.ts";

export const MemoryTier = z.enum(["core", "associative", "episodic", "proactive"]);
export type MemoryTier = z.infer<typeof MemoryTier>;

const KEY_CHARS_MAX = 64;
export const VALUE_CHARS_MAX = 500;
export const STATEMENT_CHARS_MAX = 500;
export const SUMMARY_CHARS_MAX = 1_000;
export const QUOTE_CHARS_MAX = 300;
/** Turns that one item names as where it comes from: the newest. */
export const TURNS_MAX = 100;

/** Names of facts as they are kept: `Time zone` and `time-zone` are one key. */
export const CoreKey = z
  .string()
  .trim()
  .min(1)
  .max(KEY_CHARS_MAX)
  .transform((key) => key.toLowerCase().replaceAll(/[\s-]+/g, "_"))
  .pipe(z.string().regex(/^[\p{L}\p{N}_.]+$/u, "Letters, digits, `_` and `.` only"))
  .meta({ examples: ["timezone"] });
export type CoreKey = z.infer<typeof CoreKey>;

const Value = z.string().trim().min(1).max(VALUE_CHARS_MAX);
const Statement = z.string().trim().min(1).max(STATEMENT_CHARS_MAX);
const Summary = z.string().trim().min(1).max(SUMMARY_CHARS_MAX);

/** What a statement is about. `id` only when it is a row that the person named or looked at. */
export const MemoryEntity = z.object({
  type: z.string().trim().min(1).max(40),
  id: z.string().max(100).optional(),
  name: z.string().trim().min(1).max(100).optional(),
});
export type MemoryEntity = z.infer<typeof MemoryEntity>;

/** The words of an item; enveloped wherever they rest. */
export const MemoryBody = z.discriminatedUnion("tier", [
  z.object({ tier: z.literal("core"), key: CoreKey, value: Value }),
  z.object({ tier: z.literal("associative"), statement: Statement, entity: MemoryEntity.optional() }),
  z.object({ tier: z.literal("episodic"), summary: Summary, chatId: z.string().max(100).optional() }),
  z.object({ tier: z.literal("proactive"), pattern: Statement }),
]);
export type MemoryBody = z.infer<typeof MemoryBody>;

/** Who put it there: the person themselves, a turn, or the daily consolidation. */
export const MemorySource = z.enum(["user", "turn", "consolidation"]);
export type MemorySource = z.infer<typeof MemorySource>;

/** Where it comes from, so that a person can be shown why it is remembered. */
export const Provenance = z.object({
  source: MemorySource,
  /** The turn. */
  requestId: z.string().max(200).nullable(),
  /** The person's own words it was taken from. */
  quote: z.string().max(QUOTE_CHARS_MAX).nullable(),
  /** Further turns: they said it again, said what it took the place of, or show the pattern. */
  turns: z.array(z.string().max(200)).max(TURNS_MAX).optional(),
  /** Ids of the items it took the place of. */
  replaced: z.array(z.uuid()).max(TURNS_MAX).optional(),
});
export type Provenance = z.infer<typeof Provenance>;

const TimeMs = z.int().min(0);
const Share = z.number().min(0).max(1);

/**
 * One item with its words in the clear: in memory only. `version` rises with every change, and only the user's hub makes
 * changes, so of two forms of one item the higher version is right.
 */
export const MemoryItem = z.object({
  id: z.uuid(),
  body: MemoryBody,
  /** 0 to 1: rises with repetition and use, decays when unused. */
  strength: Share,
  confidence: Share,
  validFrom: TimeMs,
  /** Until when it holds: what something else took the place of, or what was said for a time. History from then on. */
  validTo: TimeMs.nullable(),
  lastUsedAt: TimeMs.nullable(),
  /** A pattern that the person does not want to hear of again. */
  dismissedAt: TimeMs.nullable(),
  provenance: Provenance,
  createdAt: TimeMs,
  updatedAt: TimeMs,
  version: z.int().min(1),
});
export type MemoryItem = z.infer<typeof MemoryItem>;

/** A core fact without its item, as a turn reads and writes it. */
export const CoreEntry = z.object({ key: CoreKey, value: Value });
export type CoreEntry = z.infer<typeof CoreEntry>;

/** Why an item takes its new form. What is erased is no change: it leaves nothing behind. */
export const MemoryChange = z.object({
  kind: z.enum(["insert", "strengthen", "supersede", "edit", "use", "dismiss", "decay", "unquote"]),
  item: MemoryItem,
});
export type MemoryChange = z.infer<typeof MemoryChange>;

/** Of statements and summaries alone; `embedder` names the vector space. */
export interface MemoryVector {
  embedder: string;
  vector: ArrayLike<number>;
}

/** A change on its way to the database. Without `embedding` a stored vector stays, unless the words changed. */
export interface OwedMemory extends MemoryChange {
  embedding?: MemoryVector;
}

/** An item as the database keeps it, for a hub that has none. */
export interface StoredMemory {
  item: MemoryItem;
  embedding: MemoryVector | null;
}

/** A change to a fact that says who somebody is: it is written when the person confirms it. */
export const CoreQuestion = z.object({
  key: CoreKey,
  known: Value,
  proposed: Value,
  quote: z.string().max(QUOTE_CHARS_MAX).nullable(),
  requestId: z.string().max(200),
  askedAt: TimeMs,
});
export type CoreQuestion = z.infer<typeof CoreQuestion>;

const FACTS_MAX = 10;
const STATEMENTS_MAX = 20;
const ENDED_MAX = 10;
const Quote = z.string().trim().min(1).max(QUOTE_CHARS_MAX);

/** What one exchange taught, as the `small` model says it. `quote` must be found in the person's own words. */
export const Extraction = z.object({
  facts: z.array(CoreEntry.extend({ quote: Quote })).max(FACTS_MAX),
  statements: z
    .array(
      z.object({
        statement: Statement,
        entity: MemoryEntity.optional(),
        quote: Quote,
        confidence: Share.default(0.7),
        /** A statement that was known and is no longer true, by its number in the list the model was shown. */
        replaces: z.int().min(1).optional(),
        /** The last day on which it holds, as far as they said so. */
        until: z.iso.date().optional().catch(undefined),
      }),
    )
    .max(STATEMENTS_MAX),
  /** What is known and holds no more, with nothing in its place: a fact by its key, or a statement by its number. */
  ended: z
    .array(z.object({ key: CoreKey.optional(), statement: z.int().min(1).optional(), quote: Quote }))
    .max(ENDED_MAX)
    .optional(),
  summary: Summary.nullable(),
});
export type Extraction = z.infer<typeof Extraction>;

const CommandTarget = { tier: MemoryTier, id: z.uuid(), ifMatch: z.array(z.int()).optional() };

/** A person's own change, asked of their hub; version 1 of this message. */
export const MemoryCommand = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("put_core"), entry: CoreEntry, ifMatch: z.array(z.int()).optional() }),
  z.object({ kind: z.literal("delete_core"), key: CoreKey, ifMatch: z.array(z.int()).optional() }),
  z.object({ kind: z.literal("edit"), ...CommandTarget, text: Summary }),
  z.object({ kind: z.literal("delete"), ...CommandTarget }),
  z.object({ kind: z.literal("dismiss"), id: z.uuid() }),
  z.object({ kind: z.literal("delete_all") }),
]);
export type MemoryCommand = z.infer<typeof MemoryCommand>;

/**
 * What became of a command. `done` means that replica, outbox, vectors and database agree; with `postponed` the hub has
 * made the change and the database is still owed it; with `full` there is no room for the fact.
 */
export const MemoryOutcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), item: MemoryItem.nullable() }),
  z.object({ kind: z.literal("not_found") }),
  z.object({ kind: z.literal("stale") }),
  z.object({ kind: z.literal("full") }),
  z.object({ kind: z.literal("session_ended") }),
  z.object({ kind: z.literal("postponed") }),
]);
export type MemoryOutcome = z.infer<typeof MemoryOutcome>;

const TurnChat = z
  .string()
  .nullable()
  .describe("Null for a turn without a chat, and when the turn's summary is forgotten");

/** An item as the API answers it. */
export const Memory = z
  .object({
    id: z.uuid(),
    tier: MemoryTier,
    key: z.string().nullable().describe("Of a core fact"),
    text: z.string().describe("A fact's value, a statement, a summary or a pattern"),
    entity: MemoryEntity.nullable().describe("What a statement is about"),
    strength: Share,
    confidence: Share,
    valid_from: z.iso.datetime(),
    valid_to: z.iso
      .datetime()
      .nullable()
      .describe("Until when it holds, as something else took its place or it was said for a time; else null"),
    last_used_at: z.iso.datetime().nullable(),
    dismissed_at: z.iso.datetime().nullable(),
    provenance: z.object({
      source: MemorySource,
      request_id: z.string().nullable().describe("The turn it was learnt in"),
      chat_id: TurnChat,
      quote: z.string().nullable().describe("Your own words it was taken from"),
      turns: z
        .array(z.object({ request_id: z.string(), chat_id: TurnChat }))
        .describe(
          "Further turns: you said it again there, said what it took the place of, or show the habit",
        ),
    }),
    version: z.int(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: "Memory" });
export type Memory = z.infer<typeof Memory>;

export const MemoryPage = pageOf(Memory).meta({ id: "MemoryPage" });
export type MemoryPage = z.infer<typeof MemoryPage>;
