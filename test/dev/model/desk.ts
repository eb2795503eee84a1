/** Whole turns as the product runs them, against the stand-in over HTTP and a real device database, without a hub. */

import type { ModelServer } from "../../../dev/model/server.ts";
import type { CallResult } from "../../../device/journal-core.ts";
import { seedStore } from "../../../device/node/seed.ts";
import { SqliteStore } from "../../../device/node/store.ts";
import { runTurn } from "../../../src/features/agent/turn.ts";
import type { CallPlace, JournaledStep, TurnResult } from "../../../src/features/agent/types.ts";
import {
  type HistoryMessage,
  MUTATING_ACTIONS,
  type Scope,
  type ToolCall,
  type TurnFrameBody,
} from "../../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome } from "../../../src/features/tools/types.ts";
import { indexedText } from "../../../src/features/workspace/note-text.ts";
import { derivedId } from "../../../src/lib/ids.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { Semaphore } from "../../../src/lib/semaphore.ts";
import { createEmbedder } from "../../../src/platform/embedder.ts";
import { createModelClient } from "../../../src/platform/model.ts";

/** A Friday. */
export const NOW = Date.parse("2026-11-20T09:30:00Z");
const MODELS = { supervisor: "stand-in-supervisor", worker: "stand-in-worker", small: "stand-in-small" };
const BYTES_MAX = 1024 * 1024;

export interface TurnOptions {
  history?: HistoryMessage[];
  /** A popup over this row. */
  scope?: Scope;
  approve?: boolean;
  /** Stands in for what the device does with a call; undefined leaves it to the device. */
  meddle?(call: DeviceCall, serve: () => DeviceOutcome): DeviceOutcome | undefined;
  models?: Partial<typeof MODELS>;
}

export interface Turn extends TurnResult {
  calls: DeviceCall[];
  frames: TurnFrameBody[];
}

export class Desk {
  readonly store = new SqliteStore({ path: ":memory:", now: () => NOW });
  readonly #server: ModelServer;
  readonly #embedder = createEmbedder({ kind: "hashing" });
  #turns = 0;

  constructor(server: ModelServer) {
    this.#server = server;
    this.store.useEmbedder(this.#embedder.id);
    seedStore(this.store, NOW);
  }

  /** Makes the notes findable by meaning. */
  async indexNotes(): Promise<void> {
    for (const note of this.rows("notes")) {
      const content = indexedText({ title: String(note.title), content: String(note.content) });
      const vector = await this.#embed(content);
      this.#serve("index", { action: "vector_upsert", data: { id: note.id, content }, vector });
    }
  }

  rows(table: string, filters: Record<string, unknown> = {}): Record<string, unknown>[] {
    const outcome = this.#serve("look", { action: "select", table, filters, limit: 200 });
    if (outcome.kind !== "rows") throw new Error(`no rows: ${JSON.stringify(outcome)}`);
    return outcome.rows;
  }

  row(table: string, title: string): Record<string, unknown> {
    const row = this.rows(table, {
      search: title,
      ...(table === "projects" && { includeArchived: true }),
    }).find((other) => (other.title ?? other.name) === title);
    if (!row) throw new Error(`there is no “${title}” in ${table}`);
    return row;
  }

  async turn(message: string, options: TurnOptions = {}): Promise<Turn> {
    const number = ++this.#turns;
    const calls: DeviceCall[] = [];
    const frames: TurnFrameBody[] = [];
    const steps = new Map<string, JournaledStep>();
    let mutations = 0;
    const result = await runTurn(
      {
        kind: options.scope ? "floating" : "home",
        message,
        scope: options.scope,
        loadHistory: async () => options.history ?? [],
        isHistoryKept: true,
        now: NOW,
        timezone: "Europe/Berlin",
        locale: "en-GB",
        blocks: false,
        autoApprove: options.approve ?? true,
        deviceOnline: true,
        tokensMax: 200_000,
        responseTokensMax: 16_000,
        isCancelled: () => false,
      },
      {
        model: createModelClient({
          baseUrl: this.#server.url,
          models: { ...MODELS, ...options.models },
          random: () => 0,
        }),
        modelSlots: new Semaphore(4),
        journal: {
          find: (path, step) => steps.get(`${path}|${step}`),
          record: (path, step, response, { mutations: added }) => {
            const recorded = { response, mutationsBefore: mutations, mutations: added };
            mutations += added;
            steps.set(`${path}|${step}`, recorded);
            return recorded;
          },
          keep: (_place, make) => make(),
        },
        signal: new AbortController().signal,
        frames: {
          get isEmpty() {
            return frames.length === 0;
          },
          emit: (body) => frames.push(body),
          text: (chunk) => frames.push({ type: "stream_text", chunk }),
          flush: () => undefined,
          retract: () => undefined,
        },
        device: async (place, call) => {
          calls.push(call);
          const serve = () => this.#serve(callId(number, place), call);
          return options.meddle?.(call, serve) ?? serve();
        },
        approve: async () => ({ kind: "declined", reason: "The person declined." }),
        embed: (text) => this.#embed(text),
        log: createLogger({}, () => undefined),
      },
    );
    return { ...result, calls, frames };
  }

  async #embed(text: string): Promise<number[]> {
    const [vector] = await this.#embedder.embed([text], { key: new Uint8Array(32).fill(7) });
    return Array.from(vector!);
  }

  #serve(id: string, call: DeviceCall): DeviceOutcome {
    const frame: ToolCall = { type: "tool_call", id, epoch: 1, deadline_ms: 30_000, ...call };
    const isChange = MUTATING_ACTIONS.has(call.action);
    return outcomeOf(
      isChange
        ? this.store.commit({ ...frame, id: newCallId(id) }, BYTES_MAX)
        : this.store.read(frame, BYTES_MAX),
    );
  }
}

let indexed = 0;

/** Notes are indexed outside of turns, each under an id of its own. */
function newCallId(id: string): string {
  return id === "index" ? `index-${indexed++}` : id;
}

function callId(turn: number, { position, sub, attempt }: CallPlace): string {
  return derivedId(turn, position, sub, attempt);
}

function outcomeOf(result: CallResult): DeviceOutcome {
  if ("row" in result) return { kind: "row", row: result.row };
  if ("rows" in result) return { kind: "rows", rows: result.rows };
  if ("results" in result) return { kind: "results", results: result.results };
  if ("deleted" in result) return { kind: "deleted", deleted: result.deleted };
  if ("ok" in result) return { kind: "ok", ok: result.ok };
  return { kind: "error", code: result.error.code, message: result.error.message };
}
