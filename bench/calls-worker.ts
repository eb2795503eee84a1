/**
 * The product's own hub with doors for the bench: frames that have a turn make many device calls, one after the other or side
 * by side, so that the call path can be measured without a model; and frames that fill and search its memory. Journal, ids,
 * epochs, outcomes and stores are those of any hub.
 */

import { admitTurn } from "../durable-objects/user-hub/core/turn-state.ts";
import { createHub } from "../durable-objects/user-hub/create-hub.ts";
import type { Hub } from "../durable-objects/user-hub/hub.ts";
import { UserHub } from "../durable-objects/user-hub/index.ts";
import { TurnRun } from "../durable-objects/user-hub/turn-run.ts";
import worker from "../src/index.ts";
import { fillMemory, searchMemory } from "./lib/memories.ts";

const BATCH = 32;

class BenchHub extends UserHub {
  /** A hub on the same storage and sockets, which serves from the first measuring frame on. */
  #measured: Hub | undefined;

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined {
    if (typeof data === "string" && data.startsWith('{"type":"bench_')) return this.#command(socket, data);
    return this.#measured ? this.#measured.router.route(socket, data) : super.webSocketMessage(socket, data);
  }

  async #command(socket: WebSocket, data: string): Promise<void> {
    this.#measured ??= createHub(this.ctx, this.env);
    const hub = this.#measured;
    const command = JSON.parse(data) as Command;
    let answer = {};
    if (command.type === "bench_commits") answer = { commits: hub.parts.storage.commits };
    else if (command.type === "bench_calls") await measure(hub, command.count, command.in_flight);
    else if (command.type === "bench_fill_memory") await fillMemory(hub, command.to);
    else answer = { found: await searchMemory(hub, { times: command.times, isCold: command.cold }) };
    socket.send(JSON.stringify({ type: "bench_done", ...answer }));
  }
}

type Command =
  | { type: "bench_commits" }
  | { type: "bench_calls"; count: number; in_flight: number }
  | { type: "bench_fill_memory"; to: number }
  | { type: "bench_search_memory"; times: number; cold: boolean };

async function measure(hub: Hub, count: number, inFlight: number): Promise<void> {
  const run = startRun(hub);
  let next = 0;
  let done = 0;
  const caller = async () => {
    while (next < count) {
      const position = `1.${next++}/`;
      await run.device({ position, sub: 0, attempt: 1 }, { action: "select", table: "tasks", limit: 50 });
      // As a turn does: outcomes are committed with the next response, here after each batch.
      if (++done % BATCH === 0) run.commit();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  run.finish({
    status: "done",
    text: "",
    mutations: [],
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, model_calls: 0, tool_calls: count },
  });
}

function startRun(hub: Hub): TurnRun {
  const { parts } = hub;
  const now = parts.clock.now();
  const [device] = hub.sockets.greeted();
  const row = {
    requestId: crypto.randomUUID(),
    state: admitTurn(now, 300_000),
    resets: [],
    originDeviceId: device!.device.deviceId,
    origin: null,
    binding: hub.bind(device!.device.deviceId),
    createdAt: now,
  };
  const input = {
    version: 1 as const,
    kind: "floating" as const,
    message: "bench",
    history: [],
    timezone: "UTC",
    locale: "en",
    blocks: false,
    autoApprove: false,
    canAsk: true,
  };
  parts.storage.commit(() => parts.turns.insert(row, input, now + 30_000));
  return new TurnRun(parts, row, input, { recovered: false });
}

export { Maintenance } from "../src/index.ts";
export { BenchHub as UserHub };
export default worker;
