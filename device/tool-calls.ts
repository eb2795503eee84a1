import * as z from "zod";
import type { ToolAck, ToolAction, ToolCall, ToolRevoke } from "../src/features/hub/protocol.ts";
import type { HostedTools } from "./hosted-tools.ts";
import {
  type CallResult,
  decideAck,
  decideCall,
  decideOutside,
  decideRevoke,
  type OutsideOutcome,
} from "./journal-core.ts";
import type { DeviceStore } from "./store.ts";

/** One tool call as it went, for logs and progress. */
export interface CallReport {
  id: string;
  action: ToolAction;
  table: string | undefined;
  /** `repeated`: answered from the journal. */
  outcome: "done" | "failed" | "repeated" | "refused" | "ignored";
  error: string | undefined;
  durationMs: number;
}

export interface ToolCallsOptions {
  store: DeviceStore;
  hosted: HostedTools;
  /** The epoch of the open connection, or of the last one. */
  epoch: () => number;
  resultBytesMax: () => number;
  /** Sends the result, or keeps it until it can be sent. `action` is null when it is no longer known. */
  answer: (id: string, action: ToolAction | null, result: CallResult) => void;
  report: (report: CallReport) => void;
  trouble: (cause: unknown) => void;
}

const HostedCall = z.object({
  server: z.string().min(1).max(200),
  tool: z.string().min(1).max(200),
  arguments: z.record(z.string(), z.unknown()).default({}),
});

/**
 * Serves the hub's calls over a store, one frame after the other; only effects outside the database run beside that,
 * since they may take long.
 */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  readonly #running = new Set<string>();
  #line: Promise<void> = Promise.resolve();

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  receive(frame: ToolCall | ToolRevoke | ToolAck): void {
    this.#next(() => {
      if (frame.type === "tool_call") return this.#call(frame);
      return frame.type === "tool_revoke" ? this.#revoke(frame) : this.#acknowledge(frame);
    });
  }

  /** Sends again what the hub has not acknowledged. In line, so that it never overtakes a running commit. */
  resend(): void {
    this.#next(async () => {
      for (const { id, result } of await this.#options.store.outstanding())
        this.#options.answer(id, null, result);
    });
  }

  /** Resolves when everything received so far is done, but for effects outside the database. */
  settled(): Promise<void> {
    return this.#line;
  }

  #next(run: () => Promise<void>): void {
    this.#line = this.#line.then(run).catch((cause) => this.#options.trouble(cause));
  }

  async #call(call: ToolCall): Promise<void> {
    const { epoch, answer } = this.#options;
    const startedAt = performance.now();
    const running = this.#running.has(call.id);
    const decision = await this.#guarded(async () =>
      decideCall(await this.#options.store.find(call.id), call, { epoch: epoch(), running }),
    );
    switch (decision.do) {
      case "ignore":
        return this.#report(call, "ignored", startedAt);
      case "answer":
      case "refuse": {
        const { result } = decision;
        this.#report(call, decision.do === "answer" ? "repeated" : "refused", startedAt, result);
        return answer(call.id, call.action, result);
      }
      case "execute":
        if (decision.journal === "before_effect") return this.#beginOutside(call, startedAt);
        return this.#finish(call, await this.#execute(call, decision.journal === "with_effect"), startedAt);
      case "fail":
        return this.#finish(call, decision.result, startedAt);
    }
  }

  async #execute(call: ToolCall, mutating: boolean): Promise<CallResult> {
    const { store, resultBytesMax } = this.#options;
    const executed = await this.#guarded(async () => {
      const result = mutating
        ? await store.commit(call, resultBytesMax())
        : await store.read(call, resultBytesMax());
      return { do: "finish" as const, result };
    });
    return executed.result;
  }

  async #beginOutside(call: ToolCall, startedAt: number): Promise<void> {
    const { store, hosted, trouble } = this.#options;
    const input = HostedCall.safeParse(call.data);
    if (!input.success || !hosted.has(input.data.server, input.data.tool)) {
      const result = { error: input.success ? noSuchServer(input.data) : badHostedCall(input.error) };
      await this.#guarded(async () => store.record(call.id, { state: "rejected", result }));
      return this.#finish(call, result, startedAt);
    }
    const begun = await this.#guarded(async () => {
      await store.record(call.id, { state: "started" });
      return { do: "run" as const };
    });
    if (begun.do === "fail") return this.#finish(call, begun.result, startedAt);
    this.#running.add(call.id);
    const { server, tool, arguments: toolInput } = input.data;
    const run = async () => hosted.call(server, tool, toolInput);
    run().then(
      (row) => this.#endOutside(call, { kind: "done", result: { row } }, startedAt),
      (cause) => {
        trouble(cause);
        this.#endOutside(call, { kind: "cut_off" }, startedAt);
      },
    );
  }

  /** Nothing was written when a store throws: the same call can still succeed, so this failure is not journaled. */
  async #guarded<Value>(run: () => Promise<Value>): Promise<Value | { do: "fail"; result: CallResult }> {
    try {
      return await run();
    } catch (cause) {
      this.#options.trouble(cause);
      return { do: "fail", result: DEVICE_FAILED };
    }
  }

  #endOutside(call: ToolCall, outcome: OutsideOutcome, startedAt: number): void {
    this.#next(async () => {
      const { keep, result } = decideOutside(outcome);
      try {
        if (keep !== null) await this.#options.store.record(call.id, keep);
      } finally {
        this.#running.delete(call.id);
        this.#finish(call, result, startedAt);
      }
    });
  }

  async #revoke({ id }: ToolRevoke): Promise<void> {
    const { store, answer } = this.#options;
    const decision = decideRevoke(await store.find(id), { running: this.#running.has(id) });
    if (decision.do === "wait") return;
    if (decision.do === "tombstone") await store.record(id, { state: "revoked" });
    answer(id, null, decision.result);
  }

  async #acknowledge({ ids }: ToolAck): Promise<void> {
    const done = ids.filter((id) => decideAck({ running: this.#running.has(id) }) === "forget");
    if (done.length > 0) await this.#options.store.forget(done);
  }

  #finish(call: ToolCall, result: CallResult, startedAt: number): void {
    this.#report(call, "error" in result ? "failed" : "done", startedAt, result);
    this.#options.answer(call.id, call.action, result);
  }

  #report(call: ToolCall, outcome: CallReport["outcome"], startedAt: number, result?: CallResult): void {
    const { id, action, table } = call;
    const error = result !== undefined && "error" in result ? result.error.code : undefined;
    this.#options.report({ id, action, table, outcome, error, durationMs: performance.now() - startedAt });
  }
}

const DEVICE_FAILED: CallResult = {
  error: { code: "device_failed", message: "The device could not run this call; nothing was changed." },
};

function noSuchServer({ server, tool }: { server: string; tool: string }): { code: string; message: string } {
  return {
    code: "no_such_server",
    message: `This device has no tool "${tool}" on an MCP server "${server}".`,
  };
}

function badHostedCall(problem: z.ZodError): { code: string; message: string } {
  const issue = problem.issues[0];
  return {
    code: "bad_input",
    message: `data.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}`,
  };
}
