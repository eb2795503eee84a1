import type { AgentProgram } from "../../src/features/agent/types.ts";
import type { verifyAccessToken } from "../../src/features/auth/service.ts";
import type { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import type { Roster } from "../../src/features/custom-agents/service.ts";
import type { LikenessSettings } from "../../src/features/memory/likeness.ts";
import type { Tool } from "../../src/features/tools/types.ts";
import type { Logger } from "../../src/lib/logger.ts";
import type { Clock } from "../../src/lib/time.ts";
import type { Actor } from "../../src/platform/actor.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { Embedder } from "../../src/platform/embedder.ts";
import type { Keyring } from "../../src/platform/keyring.ts";
import type { Metrics } from "../../src/platform/metrics.ts";
import type { ModelClient } from "../../src/platform/model-port.ts";
import type { LearningMode } from "./memory-jobs.ts";
import type { HubLimits } from "./parts.ts";

/** What a hub is given by its environment. */
export interface HubSurroundings {
  keyring: Keyring;
  model: ModelClient;
  embedder: Embedder;
  limits: HubLimits;
  memory: { learning: LearningMode; likeness: LikenessSettings };
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
  /** Tools of turns that need more than a turn has; `createCtx` makes a context of the user's own. See `TurnPorts`. */
  extraTools(createCtx: () => Ctx): readonly Tool[];
  /** How an agent of the user's own answers; `createCtx` as above. */
  programOf(agent: AgentToRun, createCtx: () => Ctx): AgentProgram;
  /** The agents of the user's own that the assistant may delegate to. */
  loadRoster(ctx: Ctx): Promise<Roster>;
  createCtx(actor: Actor, tenantId: string): Ctx;
  verifyToken: (token: string) => ReturnType<typeof verifyAccessToken>;
}
