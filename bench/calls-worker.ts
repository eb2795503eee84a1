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

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    if (data === '{"type":"bench_commits"}') {
      this.#measured ??= createHub(this.ctx, this.env);
      socket.send(JSON.stringify({ type: "bench_done", commits: this.#measured.parts.storage.commits }));
    } else if (typeof data === "string" && data.startsWith('{"type":"bench_calls"')) {
      const { count, in_flight: inFlight } = JSON.parse(data) as { count: number; in_flight: number };
      this.#measured ??= createHub(this.ctx, this.env);
      await measure(this.#measured, count, inFlight);
      socket.send('{"type":"bench_done"}');
    } else if (typeof data === "string" && data.startsWith('{"type":"bench_fill_memory"')) {
      this.#measured ??= createHub(this.ctx, this.env);
      await fillMemory(this.#measured, (JSON.parse(data) as { to: number }).to);
      socket.send('{"type":"bench_done"}');
    } else if (typeof data === "string" && data.startsWith('{"type":"bench_search_memory"')) {
      const { times, cold } = JSON.parse(data) as { times: number; cold: boolean };
      const found = await searchMemory(this.#measured!, { times, isCold: cold });
      socket.send(JSON.stringify({ type: "bench_done", found }));
    } else if (this.#measured) await this.#measured.router.route(socket, data);
    else await super.webSocketMessage(socket, data);
  }
}

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
