/** The configuration that settings make, as the rest of the service reads it. */
import type { Config, IngestConfig, KnowledgeConfig, UploadConfig } from "./config.ts";
import type { EmbedderConfig } from "./embedder.ts";
import type { EmbeddingRunner } from "./embedder-workers-ai.ts";
import type { IngestSettings, Settings } from "./env-settings.ts";
import type { SandboxRunner } from "./sandbox.ts";
import type { VectorsConfig } from "./vectors.ts";
import type { WebSearchConfig } from "./web-search.ts";

/** What of it bindings decide. */
interface BoundConfig {
  ai: EmbeddingRunner | null;
  sandbox: SandboxRunner | null;
  vectors: VectorsConfig;
}

export function ingestConfigOf(
  settings: IngestSettings,
  { ai, vectors }: Pick<BoundConfig, "ai" | "vectors">,
): IngestConfig {
  return {
    database: {
      url: settings.DATABASE_URL,
      httpEndpoint: settings.NEON_FETCH_ENDPOINT,
      webSocketProxy: settings.NEON_WS_PROXY,
      timeoutMs: settings.DATABASE_TIMEOUT_MS,
    },
    embedder: embedderOf(settings, ai),
    vectors,
    egress: {
      resolverUrl: settings.EGRESS_RESOLVER_URL,
      ports: settings.EGRESS_PORTS,
      allowHosts: settings.EGRESS_ALLOW_HOSTS,
      timeoutMs: settings.EGRESS_TIMEOUT_MS,
    },
  };
}

export function configOf(settings: Settings, { ai, sandbox, vectors }: BoundConfig): Config {
  const common = ingestConfigOf(settings, { ai, vectors });
  return {
    ...common,
    environment: settings.ENVIRONMENT,
    version: settings.VERSION,
    database: {
      ...common.database,
      identityUrl: settings.IDENTITY_DATABASE_URL,
      schedulerUrl: settings.SCHEDULER_DATABASE_URL,
    },
    auth: {
      issuer: settings.PUBLIC_URL,
      secret: settings.AUTH_SECRET,
      jwtKeys: settings.JWT_KEYS,
      accessTokenMs: settings.ACCESS_TOKEN_S * 1000,
      sessionDays: settings.SESSION_DAYS,
      allowQueryToken: settings.ALLOW_QUERY_TOKEN,
    },
    model: {
      apiKey: settings.ANTHROPIC_API_KEY,
      baseUrl: settings.MODEL_BASE_URL,
      models: {
        supervisor: settings.MODEL_SUPERVISOR,
        worker: settings.MODEL_WORKER,
        small: settings.MODEL_SMALL,
      },
    },
    memory: { learning: settings.MEMORY_EXTRACTION },
    webSearch: webSearchOf(settings),
    sandbox,
    uploads: uploadsOf(settings),
    knowledge: knowledgeOf(settings),
    corsOrigins: settings.CORS_ORIGINS,
    limits: {
      answerMs: settings.TOOL_TIMEOUT_MS,
      awayMs: settings.OFFLINE_GRACE_MS,
      approvalTtlMs: settings.APPROVAL_TTL_MS,
      turnDeadlineMs: settings.TURN_DEADLINE_MS,
      turnTokens: settings.TURN_TOKENS,
      responseTokens: settings.MODEL_MAX_TOKENS,
      turnsPerUser: settings.TURNS_PER_USER,
      replayKeepMs: settings.REPLAY_KEEP_MS,
      helloTimeoutMs: settings.HELLO_TIMEOUT_MS,
      pongTimeoutMs: settings.PONG_TIMEOUT_MS,
    },
  };
}

function uploadsOf(settings: Settings): UploadConfig {
  const bytesMax = {
    free: settings.UPLOAD_BYTES_FREE,
    pro: settings.UPLOAD_BYTES_PRO,
    power: settings.UPLOAD_BYTES_POWER,
    team: settings.UPLOAD_BYTES_TEAM,
  };
  return { bytesMax, bytesMaxOfAll: Math.max(...Object.values(bytesMax)) };
}

function knowledgeOf(settings: Settings): KnowledgeConfig {
  return {
    collectionsMax: {
      free: settings.COLLECTIONS_FREE,
      pro: settings.COLLECTIONS_PRO,
      power: settings.COLLECTIONS_POWER,
      team: settings.COLLECTIONS_TEAM,
    },
    documentsMax: {
      free: settings.COLLECTION_DOCUMENTS_FREE,
      pro: settings.COLLECTION_DOCUMENTS_PRO,
      power: settings.COLLECTION_DOCUMENTS_POWER,
      team: settings.COLLECTION_DOCUMENTS_TEAM,
    },
  };
}

function embedderOf(settings: IngestSettings, ai: EmbeddingRunner | null): EmbedderConfig {
  const { EMBEDDER: kind, EMBEDDER_URL: baseUrl, EMBEDDER_KEY: apiKey, EMBEDDER_MODEL: model } = settings;
  const dimensions = settings.EMBEDDER_DIMENSIONS;
  if (kind === "openai" && baseUrl && model) return { kind, baseUrl, apiKey, model, dimensions };
  if (kind === "workers_ai" && ai && model) return { kind, ai, model, dimensions };
  return { kind: "hashing" };
}

function webSearchOf(settings: Settings): WebSearchConfig | null {
  const { WEB_SEARCH: service, WEB_SEARCH_URL: baseUrl, WEB_SEARCH_KEY: apiKey } = settings;
  return service ? { service, baseUrl, apiKey } : null;
}
