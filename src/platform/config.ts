/** What the settings say, in the form the rest of the service reads. `env.ts` makes it. */
import type { JSONWebKeySet } from "jose";
import type { DatabaseConfig, DatabasesConfig, Tier } from "./db.ts";
import type { EmbedderConfig } from "./embedder.ts";
import type { EgressConfig } from "./fetch.ts";
import type { ModelRole } from "./model-port.ts";
import type { SandboxRunner } from "./sandbox.ts";
import type { VectorsConfig } from "./vectors.ts";
import type { WebSearchConfig } from "./web-search.ts";

export interface AuthConfig {
  /** Who signs the tokens: this service's public address, without a trailing slash. */
  issuer: string;
  secret: string;
  /** Private Ed25519 keys. The first signs, all verify. */
  jwtKeys: JSONWebKeySet;
  accessTokenMs: number;
  sessionDays: number;
  /** Whether `?token=` may open a socket. Addresses end up in logs of proxies, so it is off unless asked for. */
  allowQueryToken: boolean;
}

export interface ModelConfig {
  apiKey: string | undefined;
  /** Any server that speaks the Messages API; Anthropic's own when absent. */
  baseUrl: string | undefined;
  models: Record<ModelRole, string>;
}

export interface MemoryConfig {
  /** How ended turns are learnt from: by a model, by keeping their first words, or not. */
  learning: "model" | "heuristic" | "off";
}

export interface UploadConfig {
  /** Bytes of a file, by the tier of who sends it. */
  bytesMax: Record<Tier, number>;
  /** In any tier. */
  bytesMaxOfAll: number;
}

export interface KnowledgeConfig {
  /** Collections of one person, by tier; deleted ones are not counted. */
  collectionsMax: Record<Tier, number>;
  /** Documents of one collection, by tier. */
  documentsMax: Record<Tier, number>;
}

/** Limits of the hub and of a turn; specs 3 and 4 give the reasons. */
export interface Limits {
  /** Connected milliseconds a device may take to answer. */
  answerMs: number;
  /** Milliseconds a device may stay away while its call is open. */
  awayMs: number;
  approvalTtlMs: number;
  turnDeadlineMs: number;
  /** Input and output tokens of one turn. */
  turnTokens: number;
  /** Output tokens of one response, the model's reasoning included. */
  responseTokens: number;
  turnsPerUser: number;
  /** How long the frames of an ended turn can be asked for again. */
  replayKeepMs: number;
  helloTimeoutMs: number;
  pongTimeoutMs: number;
}

/** What the script that reads documents is told: it signs nobody in and asks no model. */
export interface IngestConfig {
  database: DatabaseConfig;
  embedder: EmbedderConfig;
  vectors: VectorsConfig;
  egress: EgressConfig;
}

export interface Config extends IngestConfig {
  environment: "development" | "test" | "production";
  version: string;
  database: DatabasesConfig;
  auth: AuthConfig;
  model: ModelConfig;
  memory: MemoryConfig;
  /** Null where nobody has named a service. */
  webSearch: WebSearchConfig | null;
  /** Null where no script for code is bound. */
  sandbox: SandboxRunner | null;
  uploads: UploadConfig;
  knowledge: KnowledgeConfig;
  /** Origins that browsers may call from. One that ends in `:*` stands for every port. */
  corsOrigins: readonly string[];
  limits: Limits;
}
