import { FrameLog } from "../../durable-objects/user-hub/core/frame-log.ts";
import { FrameStream } from "../../durable-objects/user-hub/frame-stream.ts";
import type { TurnMemory } from "../../src/features/agent/memory.ts";
import { runTurn } from "../../src/features/agent/turn.ts";
import type {
  ApprovalAsk,
  ApprovalDecision,
  CallPlace,
  TurnJournal,
  TurnPorts,
  TurnRequest,
} from "../../src/features/agent/types.ts";
import type { StreamReset, TurnFrame } from "../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome, Tool } from "../../src/features/tools/types.ts";
import type { Domain } from "../../src/features/workspace/schema.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { Semaphore } from "../../src/lib/semaphore.ts";
import type { ModelClient, ModelRequest } from "../../src/platform/model-port.ts";
import { MemoryJournal } from "./memory-journal.ts";

export const TURN = "turn";

/** The reason of a person's cancellation. */
export class Cancelled extends Error {}

/** A turn's surroundings: what outlives it, what it asked of them, and a client that follows its frames. */
export class TurnBench {
  readonly journal = new MemoryJournal();
  /** What the client holds: it forgets what a reset tells it to. */
  frames: TurnFrame[] = [];
  readonly calls: { place: CallPlace; call: DeviceCall }[] = [];
  readonly asked: (ApprovalAsk & { timezone: string })[] = [];
  /** None is offered unless a test gives one. */
  memory: TurnMemory | undefined;
  extraTools: readonly Tool[] = [];
  readonly logged: Record<string, unknown>[] = [];
  abort = new AbortController();
  modelSlots = new Semaphore(20);
  /** What the device makes of a call; rows get an id, reads find nothing. */
  device: (call: DeviceCall, place: CallPlace) => DeviceOutcome | Promise<DeviceOutcome> = outcomeOf;
  decide: (ask: ApprovalAsk) => Promise<ApprovalDecision> = async () => ({ kind: "approved" });
  #log = new FrameLog(TURN);

  run(model: ModelClient, request: Partial<TurnRequest> = {}) {
    return runTurn(
      {
        kind: "home",
        message: "the message",
        loadHistory: async () => [],
        isHistoryKept: true,
        now: Date.parse("2026-11-20T10:00:00Z"),
        timezone: "Europe/Berlin",
        locale: "en",
        blocks: false,
        autoApprove: false,
        deviceOnline: true,
        tokensMax: 1_000_000,
        responseTokensMax: 16_000,
        isCancelled: (reason) => reason instanceof Cancelled,
        ...request,
      },
      this.#ports(model),
    );
  }

  /** Loses what was not durable and begins a new generation, as a hub does that takes a turn up again. */
  crash(): void {
    this.journal.crash();
    const { gen, durableSeq, resets } = this.#log;
    this.#log = new FrameLog(TURN, { gen, durableSeq, resets: [...resets] });
    this.#take(this.#log.reset());
  }

  get types(): string[] {
    return this.frames.map((frame) => frame.type);
  }

  /** All text that the client shows. */
  get text(): string {
    return this.frames.map((frame) => (frame.type === "stream_text" ? frame.chunk : "")).join("");
  }

  #ports(model: ModelClient): TurnPorts {
    const log = this.#log;
    const frames = new FrameStream(log, (frame) => {
      if (log === this.#log) this.#take(frame);
    });
    return {
      model,
      modelSlots: this.modelSlots,
      journal: this.#journalOf(log),
      signal: this.abort.signal,
      frames,
      device: async (place, call) => {
        this.calls.push({ place, call });
        return await this.device(call, place);
      },
      approve: (ask, { timezone }) => {
        this.asked.push({ ...ask, timezone });
        return this.decide(ask);
      },
      extraTools: this.extraTools,
      ...(this.memory ? { memory: this.memory } : {}),
      embed: async () => [0.5, 0.5],
      log: createLogger({}, (level, line) => this.logged.push({ level, ...JSON.parse(line) })),
    };
  }

  /** A durable response takes along the frames since the last one. */
  #journalOf(log: FrameLog): TurnJournal {
    return {
      find: (path, step) => this.journal.find(path, step),
      record: (path, step, response, options) => {
        const recorded = this.journal.record(path, step, response, options);
        if (options.durable) log.takeTail();
        return recorded;
      },
      keep: (place, make) => this.journal.keep(place, make),
    };
  }

  #take(frame: TurnFrame | StreamReset): void {
    if (frame.type === "stream_reset") this.frames = this.frames.slice(0, frame.after_seq);
    else this.frames.push(frame);
  }
}

function outcomeOf(call: DeviceCall, { position }: CallPlace): DeviceOutcome {
  switch (call.action) {
    case "insert":
      return { kind: "row", row: { ...call.data, id: `made at ${position}` } };
    case "update":
      return { kind: "row", row: { id: call.data?.["id"], ...Object(call.data?.["updates"]) } };
    case "get":
      return { kind: "row", row: { id: call.data?.["id"], title: "the row" } };
    case "delete":
      return { kind: "deleted", deleted: true };
    case "vector_search":
      return { kind: "results", results: [] };
    case "vector_upsert":
    case "mcp_call":
      return { kind: "ok", ok: true };
    case "select":
      return { kind: "rows", rows: [] };
  }
}

/** Who a request to the model speaks for. */
export function agentOf(request: ModelRequest): "supervisor" | Domain {
  const names = request.tools.map((tool) => tool.name);
  if (names.includes("task")) return "supervisor";
  const domains = { create_task: "tasks", create_project: "projects", create_timeline: "timelines" } as const;
  for (const [name, domain] of Object.entries(domains)) if (names.includes(name)) return domain;
  return "notes";
}

/** Which response this request asks for, from 1. */
export function stepOf(request: ModelRequest): number {
  return (request.messages.length + 1) / 2;
}

/** The last message of a request, as text. */
export function lastOf(request: ModelRequest | undefined): string {
  return JSON.stringify(request?.messages.at(-1)?.content);
}
