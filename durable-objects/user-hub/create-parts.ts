import type { AgentRoster } from "./agent-roster.ts";
import { ApprovalStore } from "./approval-store.ts";
import { ChatStore } from "./chat-store.ts";
import { type TurnState, turnDueAt } from "./core/turn-state.ts";
import { DataRequests } from "./data-requests.ts";
import type { Delivery } from "./delivery.ts";
import type { DeviceLine } from "./device-line.ts";
import { ExecutionStore } from "./execution-store.ts";
import { type HubAlarm, WATCH_MS } from "./hub-alarm.ts";
import type { HubMemory } from "./memory.ts";
import type { HubParts } from "./parts.ts";
import { PendingCalls } from "./pending-calls.ts";
import { TurnStore } from "./turn-store.ts";

/** What has to be there before the rest of a hub. */
export interface Foundation
  extends Pick<HubParts, "clock" | "log" | "metrics" | "limits" | "storage" | "vault" | "devices"> {
  memory: HubMemory;
  roster: AgentRoster;
  alarm: HubAlarm;
  line: DeviceLine;
  delivery: Delivery;
}

export function createParts({ alarm, line, delivery, ...given }: Foundation): HubParts {
  const { storage, vault, clock, limits } = given;
  const turns = new TurnStore(storage, vault);
  const dueAt = (state: TurnState) =>
    turnDueAt(state, clock.now(), { watchMs: WATCH_MS, replayMs: limits.replayKeepMs });
  const armAt = (at: number) => alarm.armAt(at);
  return {
    ...given,
    turns,
    calls: new PendingCalls({
      clock,
      limits,
      connectedStore: (deviceId) => line.connectedStore(deviceId),
      send: (request, timeLeftMs) => line.send(request, timeLeftMs),
      revoke: (request) => line.revoke(request),
    }),
    questions: new DataRequests({
      answerMs: limits.answerMs,
      send: (deviceId, request) => line.ask(deviceId, request),
    }),
    approvals: new ApprovalStore(storage, vault),
    chats: new ChatStore(storage, vault),
    executions: new ExecutionStore(storage),
    deliver: (turn, frame) => delivery.deliver(turn, frame),
    dueAt,
    saveTurn: (turn, status) => {
      const at = dueAt(turn.state);
      turns.update(turn, at, status);
      armAt(at);
    },
    armAt,
    acknowledge: (deviceId, callIds) => delivery.acknowledge(deviceId, callIds),
    announce: (deviceId, call, outcome) => delivery.announce(deviceId, call, outcome),
  };
}
