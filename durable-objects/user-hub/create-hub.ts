import { verifyAccessToken } from "../../src/features/auth/service.ts";
import { findSources, loadRoster, programOf } from "../../src/features/custom-agents/service.ts";
import { searchKnowledgeTool } from "../../src/features/knowledge/tools.ts";
import { likenessSettingsOf } from "../../src/features/memory/likeness.ts";
import { runCodeTool, webSearchTool } from "../../src/features/tools/service.ts";
import type { Tool } from "../../src/features/tools/types.ts";
import { newId } from "../../src/lib/ids.ts";
import { log } from "../../src/lib/logger.ts";
import { createCtx } from "../../src/platform/context.ts";
import { createEmbedder, type Embedder } from "../../src/platform/embedder.ts";
import { type Config, type RawEnv, readEnv } from "../../src/platform/env.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createModelClient } from "../../src/platform/model.ts";
import type { ModelClient } from "../../src/platform/model-port.ts";
import { portsOf } from "../../src/ports.ts";
import { Hub } from "./hub.ts";

/** Stateless clients, shared by the many hubs of one isolate. */
const clients = new WeakMap<Config, { model: ModelClient; embedder: Embedder }>();

/** The hub behind one Durable Object, wired to its environment. */
export function createHub(state: DurableObjectState, raw: RawEnv): Hub {
  const env = readEnv(raw);
  const hubLog = log.with({ hub: state.id.toString() });
  return new Hub(state, {
    ...clientsOf(env.config),
    keyring: env.keyring,
    limits: env.config.limits,
    memory: {
      learning: env.config.memory.learning,
      likeness: likenessSettingsOf(env.config.embedder.kind),
    },
    log: hubLog,
    metrics: createMetrics(env.analytics, hubLog),
    extraTools: (createCtx) => [searchKnowledgeTool(createCtx), ...setUpTools(env.config)],
    programOf: (agent, createCtx) =>
      programOf(agent, {
        config: env.config,
        search: (collections, question) => findSources(createCtx(), collections, question),
      }),
    loadRoster,
    verifyToken: (token) => verifyAccessToken(env.config, token),
    createCtx: (actor, tenantId) =>
      createCtx(env, {
        ports: portsOf(env),
        requestId: newId(),
        log,
        actor,
        tenantId,
        waitUntil: (work) => state.waitUntil(work),
      }),
  });
}

/** For agents of people's own that name them, where the operator has set them up. */
function setUpTools({ webSearch, sandbox }: Config): Tool[] {
  return [...(webSearch ? [webSearchTool(webSearch)] : []), ...(sandbox ? [runCodeTool(sandbox)] : [])];
}

function clientsOf(config: Config) {
  let known = clients.get(config);
  if (!known) {
    known = { model: createModelClient(config.model), embedder: createEmbedder(config.embedder) };
    clients.set(config, known);
  }
  return known;
}
