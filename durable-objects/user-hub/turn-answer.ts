/** Runs the agents of one turn with what the hub has: where a turn gets its tools, its agents and its surroundings. */
import { runTurn } from "../../src/features/agent/turn.ts";
import type { DelegableAgent, TurnResult } from "../../src/features/agent/types.ts";
import type { HubParts } from "./parts.ts";
import type { TurnRun } from "./turn-run.ts";
import type { TurnServices } from "./turn-services.ts";

/** A client asked for the turn to stop. */
export class TurnCancelled extends Error {
  override readonly name = "TurnCancelled";
}

/** Characters of chat history read from the replica; the agent fits them into its token budget. */
const HISTORY_CHARS_MAX = 64_000;

export async function answerTurn(parts: HubParts, services: TurnServices, run: TurnRun): Promise<TurnResult> {
  const { input, row } = run;
  const extraAgents = await delegatesFor(parts, services, run);
  return runTurn(
    {
      kind: input.kind,
      message: input.message,
      scope: input.scope,
      chatId: input.chatId,
      clientContext: input.context,
      loadHistory: () => services.history(input, row.createdAt, HISTORY_CHARS_MAX),
      isHistoryKept: input.history.length === 0,
      now: row.createdAt,
      timezone: input.timezone,
      locale: input.locale,
      blocks: input.blocks,
      autoApprove: input.autoApprove,
      deviceOnline: row.binding.deviceId !== null,
      tokensMax: parts.limits.turnTokens,
      responseTokensMax: parts.limits.responseTokens,
      extraAgents,
      program: input.agent && services.programOf(input.agent),
      isCancelled: (reason) => reason instanceof TurnCancelled,
    },
    {
      model: services.model,
      modelSlots: services.modelSlots,
      journal: run,
      signal: run.signal,
      frames: run.frames,
      device: (place, call) => run.device(place, call),
      approve: (ask, surroundings) => run.approve(ask, surroundings),
      embed: (text) => services.embed(text),
      extraTools: services.extraTools,
      memory: run.memory,
      log: parts.log.with({ request_id: row.requestId }),
    },
  );
}

/**
 * The user's own agents are the assistant's to ask, also where a domain's agent answers first: it may hand over. Agents
 * themselves ask nobody.
 */
async function delegatesFor(
  { roster, memory }: HubParts,
  services: TurnServices,
  run: TurnRun,
): Promise<DelegableAgent[]> {
  if (run.input.agent) return [];
  // One trip brings both to a hub that holds neither.
  void memory.loading.begin();
  await roster.enough();
  return roster.forTurn(run, (delegate) => services.programOf(delegate));
}
