import { newestOf } from "../../src/features/agent/history.ts";
import { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import type { ChatTurn } from "../../src/features/hub/client.ts";
import type { ErrorFrame } from "../../src/features/hub/protocol.ts";
import { AppError, ERROR_CATALOGUE, tellable } from "../../src/lib/errors.ts";
import { log } from "../../src/lib/logger.ts";
import type { TurnReader } from "./delivery.ts";
import type { Hub } from "./hub.ts";

/**
 * Starts a turn for a REST caller, or follows a known one, and gives its frames as newline-delimited JSON. Backlog and
 * live frames are joined without a gap: from the first read of the backlog to the registration no event comes between.
 */
export function turnStream(hub: Hub, turn: ChatTurn, admitCaller: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let reader: TurnReader | undefined;
  return new ReadableStream<Uint8Array>({
    async start(controller) {
      let isOpen = true;
      const close = () => {
        if (isOpen) controller.close();
        isOpen = false;
      };
      reader = {
        write: (line) => {
          if (isOpen) controller.enqueue(encoder.encode(line));
        },
        close,
      };
      try {
        admitCaller();
        if (begin(hub, turn, reader)) return;
      } catch (error) {
        reader.write(`${JSON.stringify(errorFrame(error, turn.requestId))}\n`);
      }
      close();
    },
    cancel() {
      if (reader) hub.delivery.removeReader(turn.requestId, reader);
    },
  });
}

/** True when frames follow. */
function begin(hub: Hub, turn: ChatTurn, reader: TurnReader): boolean {
  const requestId = turn.requestId;
  if (!hub.turns.has(requestId)) {
    hub.delivery.addReader(requestId, reader);
    try {
      hub.turns.admit(
        {
          requestId,
          kind: "home",
          message: turn.message,
          // What an agent is asked outside of a chat is not kept.
          startsChat: turn.chatId === undefined && !turn.agent,
          ...(turn.agent ? { agent: AgentToRun.parse(turn.agent) } : {}),
          ...(turn.chatId === undefined ? {} : { chatId: turn.chatId }),
          history: newestOf(turn.history ?? []),
          ...(turn.context ? { context: turn.context } : {}),
        },
        { connection: null, blocks: false, autoApprove: false, canAsk: false },
        hub.bind(""),
      );
    } catch (error) {
      hub.delivery.removeReader(requestId, reader);
      throw error;
    }
    return true;
  }
  const missed = hub.turns.missed(requestId, turn.gen ?? 1, turn.afterSeq ?? 0);
  if (!missed) throw new AppError("not_found", { detail: "The frames of this turn are no longer kept." });
  for (const frame of missed) reader.write(`${JSON.stringify(frame)}\n`);
  if (hub.turns.isEnded(requestId)) return false;
  hub.delivery.addReader(requestId, reader);
  return true;
}

function errorFrame(error: unknown, requestId: string): ErrorFrame {
  const known = tellable(error);
  if (known !== error) log.error({ event: "turn.refused", request_id: requestId }, error);
  return {
    type: "error",
    code: known.code,
    message: known.detail ?? ERROR_CATALOGUE[known.code].title,
    request_id: requestId,
    ...(known.retryAfterS === undefined ? {} : { retry_after_s: known.retryAfterS }),
  };
}
