/** Every setting and secret of the Worker: its form, its default, and the sentence that says what is wrong with it. */
import type { JSONWebKeySet, JWK } from "jose";
import * as z from "zod";
import { AppError } from "../lib/errors.ts";
import { Keyring } from "./keyring.ts";
import { ShardEpochs } from "./vectors-shards.ts";
import { SEARCH_SERVICE_NAMES } from "./web-search-services.ts";

const text = z.string().min(1);
const secret = z.string().min(32, "it must have at least 32 characters");
const httpUrl = z.url({ protocol: /^https?$/, error: "it must be an http(s) address" });
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: "it must be a postgresql:// address" });

/** An amount that the operator may set, written as digits. */
function amount(fallback: number, { min = 1, max = Number.MAX_SAFE_INTEGER } = {}) {
  return z
    .string()
    .regex(/^\d+$/, "it must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback);
}

const MIB = 1024 * 1024;

/** Policies ask which collections the person may read: a list in each statement. */
const COLLECTIONS_CAP = 1_000;
/** Each search sums up what they have. */
const COLLECTION_DOCUMENTS_CAP = 10_000;

/** No less than what is taken as JSON. */
function uploadBytes(mebibytes: number) {
  return amount(mebibytes * MIB, { min: MIB, max: 100 * MIB });
}

const flag = z
  .enum(["true", "false"])
  .transform((word) => word === "true")
  .default(false);

const list = z.string().transform((words) =>
  words
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== ""),
);

const ports = z
  .string()
  .regex(/^\s*\d{1,5}(?:\s*,\s*\d{1,5})*\s*$/, "it must be numbers of ports, with commas between")
  .transform((text) => text.split(",").map(Number));

const masterKeys = text.transform((json, ctx) => {
  try {
    return Keyring.fromJson(json);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const message = error.message.replace(/^MASTER_KEYS: /, "").replace(/\.$/, "");
    ctx.addIssue({ code: "custom", message });
    return z.NEVER;
  }
});

const PrivateJwk = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: text,
  x: text,
  d: z.string({ error: "it must be the private key, with `d`" }).min(1),
});

const jwtKeys = text.transform((json, ctx): JSONWebKeySet => {
  const parsed = z.object({ keys: z.array(PrivateJwk).min(1) }).safeParse(parseJson(json));
  if (parsed.success) return { keys: parsed.data.keys satisfies JWK[] };
  ctx.addIssue({ code: "custom", message: 'it must be {"keys": [<private Ed25519 JWK with a kid>, …]}' });
  return z.NEVER;
});

export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const shards = text
  .transform((json) => parseJson(json))
  .pipe(ShardEpochs)
  .default([{ fromMs: 0, indexes: ["VECTORS"] }]);

export const Settings = z.object({
  ENVIRONMENT: z.enum(["development", "test", "production"]),
  VERSION: text.default("dev"),
  PUBLIC_URL: httpUrl.transform((url) => url.replace(/\/+$/, "")),
  CORS_ORIGINS: list.default([]),

  DATABASE_URL: postgresUrl,
  IDENTITY_DATABASE_URL: postgresUrl,
  SCHEDULER_DATABASE_URL: postgresUrl,
  DATABASE_TIMEOUT_MS: amount(10_000),
  NEON_FETCH_ENDPOINT: httpUrl.optional(),
  NEON_WS_PROXY: text.optional(),

  MASTER_KEYS: masterKeys,
  JWT_KEYS: jwtKeys,
  AUTH_SECRET: secret,
  ACCESS_TOKEN_S: amount(900, { max: 3600 }),
  SESSION_DAYS: amount(30, { max: 400 }),
  ALLOW_QUERY_TOKEN: flag,

  ANTHROPIC_API_KEY: text.optional(),
  MODEL_BASE_URL: httpUrl.optional(),
  MODEL_SUPERVISOR: text.default("claude-sonnet-5-5"),
  MODEL_WORKER: text.default("claude-sonnet-5-5"),
  MODEL_SMALL: text.default("claude-haiku-5-5"),
  MODEL_MAX_TOKENS: amount(16_000),

  EMBEDDER: z.enum(["hashing", "openai", "workers_ai"]).default("hashing"),
  EMBEDDER_URL: httpUrl.optional(),
  EMBEDDER_KEY: text.optional(),
  EMBEDDER_MODEL: text.optional(),
  EMBEDDER_DIMENSIONS: amount(1024, { max: 4096 }),

  VECTOR_SHARDS: shards,

  WEB_SEARCH: z.enum(SEARCH_SERVICE_NAMES).optional(),
  WEB_SEARCH_KEY: text.optional(),
  WEB_SEARCH_URL: httpUrl.optional(),

  MEMORY_EXTRACTION: z.enum(["model", "heuristic", "off"]).default("model"),

  UPLOAD_BYTES_FREE: uploadBytes(10),
  UPLOAD_BYTES_PRO: uploadBytes(25),
  UPLOAD_BYTES_POWER: uploadBytes(50),
  UPLOAD_BYTES_TEAM: uploadBytes(50),
  COLLECTIONS_FREE: amount(50, { max: COLLECTIONS_CAP }),
  COLLECTIONS_PRO: amount(100, { max: COLLECTIONS_CAP }),
  COLLECTIONS_POWER: amount(250, { max: COLLECTIONS_CAP }),
  COLLECTIONS_TEAM: amount(250, { max: COLLECTIONS_CAP }),
  COLLECTION_DOCUMENTS_FREE: amount(5_000, { max: COLLECTION_DOCUMENTS_CAP }),
  COLLECTION_DOCUMENTS_PRO: amount(10_000, { max: COLLECTION_DOCUMENTS_CAP }),
  COLLECTION_DOCUMENTS_POWER: amount(10_000, { max: COLLECTION_DOCUMENTS_CAP }),
  COLLECTION_DOCUMENTS_TEAM: amount(10_000, { max: COLLECTION_DOCUMENTS_CAP }),
  EGRESS_RESOLVER_URL: httpUrl.default("https://cloudflare-dns.com/dns-query"),
  EGRESS_PORTS: ports.default([80, 443]),
  EGRESS_ALLOW_HOSTS: list.default([]),
  EGRESS_TIMEOUT_MS: amount(20_000, { max: 60_000 }),

  TOOL_TIMEOUT_MS: amount(30_000),
  OFFLINE_GRACE_MS: amount(30_000),
  APPROVAL_TTL_MS: amount(600_000),
  TURN_DEADLINE_MS: amount(300_000),
  TURN_TOKENS: amount(200_000),
  TURNS_PER_USER: amount(4, { max: 64 }),
  REPLAY_KEEP_MS: amount(600_000),
  HELLO_TIMEOUT_MS: amount(10_000),
  PONG_TIMEOUT_MS: amount(10_000),
});

export type Settings = z.infer<typeof Settings>;

/** What the script that reads documents looks at: a reader of what strangers wrote holds no key that it has no use for. */
export const IngestSettings = Settings.pick({
  ENVIRONMENT: true,
  DATABASE_URL: true,
  DATABASE_TIMEOUT_MS: true,
  NEON_FETCH_ENDPOINT: true,
  NEON_WS_PROXY: true,
  MASTER_KEYS: true,
  EMBEDDER: true,
  EMBEDDER_URL: true,
  EMBEDDER_KEY: true,
  EMBEDDER_MODEL: true,
  EMBEDDER_DIMENSIONS: true,
  VECTOR_SHARDS: true,
  EGRESS_RESOLVER_URL: true,
  EGRESS_PORTS: true,
  EGRESS_ALLOW_HOSTS: true,
  EGRESS_TIMEOUT_MS: true,
});
export type IngestSettings = z.infer<typeof IngestSettings>;
