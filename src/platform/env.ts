/** The one reader of raw bindings: settings, secrets and bindings are checked together, every problem named at once. */
import * as z from "zod";
import { AppError, type FieldProblem } from "../lib/errors.ts";
import type { Config, IngestConfig } from "./config.ts";
import type { EmbeddingRunner } from "./embedder-workers-ai.ts";
import { configOf, ingestConfigOf } from "./env-config.ts";
import { conflictsOf, ingestConflictsOf } from "./env-conflicts.ts";
import { IngestSettings, Settings } from "./env-settings.ts";
import type { Keyring } from "./keyring.ts";
import type { SandboxRunner } from "./sandbox.ts";
import type { VectorsConfig } from "./vectors.ts";
import type { VectorizeBinding } from "./vectors-binding.ts";
import { ShardMap } from "./vectors-shards.ts";

export type { AuthConfig, Config, IngestConfig } from "./config.ts";

/** What the runtime hands over. Its fields are read here only. */
export type RawEnv = object;

/** `Hub` is the class behind `userHub`, named by the layers above: this one imports nothing of theirs. */
export interface Env<Hub extends Rpc.DurableObjectBranded | undefined = undefined> {
  config: Config;
  keyring: Keyring;
  userHub: DurableObjectNamespace<Hub>;
  objects: R2Bucket;
  ingest: Queue;
  analytics: AnalyticsEngineDataset;
  email: SendEmail;
  /** Runs of upkeep. */
  maintenance: Workflow;
  /** For anonymous routes, keyed by address. */
  authRateLimit: RateLimit;
  /** Null under the local runtime, which runs no models. */
  ai: EmbeddingRunner | null;
}

/** What the script `ingest` is bound to. */
export interface IngestEnv extends Pick<Env, "keyring" | "userHub" | "objects" | "ingest"> {
  config: IngestConfig;
}

const parsedEnvs = new WeakMap<RawEnv, ParsedEnv>();
const ingestEnvs = new WeakMap<RawEnv, IngestEnv>();

/** Each `raw` is parsed once. Throws `misconfigured`, with every problem in `errors`. */
export function readEnv<Hub extends Rpc.DurableObjectBranded | undefined = undefined>(raw: RawEnv): Env<Hub> {
  let parsed = parsedEnvs.get(raw);
  if (!parsed) {
    parsed = parse(raw);
    parsedEnvs.set(raw, parsed);
  }
  const userHub = z.custom<DurableObjectNamespace<Hub>>().parse(parsed.bindings.USER_HUB);
  return { ...parsed.env, userHub };
}

/** As `readEnv`, of the fewer settings and bindings of `wrangler.ingest.toml`; others are not looked at. */
export function readIngestEnv(raw: RawEnv): IngestEnv {
  let parsed = ingestEnvs.get(raw);
  if (!parsed) {
    const { settings, bindings } = check(raw, IngestSettings, IngestBindings, ingestConflictsOf);
    parsed = {
      config: ingestConfigOf(settings, { ai: bindings.AI, vectors: vectorsOf(settings, raw) }),
      keyring: settings.MASTER_KEYS,
      userHub: bindings.USER_HUB,
      objects: bindings.OBJECTS,
      ingest: bindings.INGEST,
    };
    ingestEnvs.set(raw, parsed);
  }
  return parsed;
}

interface ParsedEnv {
  bindings: Bindings;
  env: Omit<Env, "userHub">;
}

/** Bindings come from the configuration file: present or not is all that can be wrong with them. */
function binding<Type>() {
  return z.custom<Type>(
    (value) => value !== undefined && value !== null,
    "the binding is missing in the script's configuration file",
  );
}

/** The local runtime has no vector index: there it is pgvector. */
const VECTORS_BINDING = /^VECTORS(_\d+)?$/;

const Bindings = z.object({
  USER_HUB: binding<DurableObjectNamespace>(),
  OBJECTS: binding<R2Bucket>(),
  INGEST: binding<Queue>(),
  ANALYTICS: binding<AnalyticsEngineDataset>(),
  EMAIL: binding<SendEmail>(),
  MAINTENANCE: binding<Workflow>(),
  AUTH_RATE_LIMIT: binding<RateLimit>(),
  AI: binding<EmbeddingRunner>().nullable().default(null),
  SANDBOX: binding<SandboxRunner>().nullable().default(null),
});
type Bindings = z.infer<typeof Bindings>;
const IngestBindings = Bindings.pick({
  USER_HUB: true,
  OBJECTS: true,
  INGEST: true,
  AI: true,
});

function check<Made extends z.ZodType, Bound extends z.ZodType>(
  raw: RawEnv,
  made: Made,
  bound: Bound,
  between: typeof conflictsOf,
) {
  // A setting left empty is a setting not made.
  const values = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== ""));
  const settings = made.safeParse(values);
  const bindings = bound.safeParse(values);
  const conflicts = between(values);
  if (!settings.success || !bindings.success || conflicts.length > 0) {
    throw misconfigured([...fieldProblems(settings.error), ...fieldProblems(bindings.error), ...conflicts]);
  }
  return { settings: settings.data, bindings: bindings.data };
}

function parse(raw: RawEnv): ParsedEnv {
  const { settings, bindings } = check(raw, Settings, Bindings, conflictsOf);
  const { OBJECTS, INGEST, ANALYTICS, EMAIL, MAINTENANCE, AUTH_RATE_LIMIT, AI, SANDBOX } = bindings;
  return {
    bindings,
    env: {
      config: configOf(settings, { ai: AI, sandbox: SANDBOX, vectors: vectorsOf(settings, raw) }),
      keyring: settings.MASTER_KEYS,
      objects: OBJECTS,
      ingest: INGEST,
      analytics: ANALYTICS,
      email: EMAIL,
      maintenance: MAINTENANCE,
      authRateLimit: AUTH_RATE_LIMIT,
      ai: AI,
    },
  };
}

/** An index that the settings name and nothing binds stops the start: a part of the tenants would have no vectors. */
function vectorsOf({ VECTOR_SHARDS: epochs }: IngestSettings, raw: RawEnv): VectorsConfig {
  const bound = Object.entries(raw).filter(([name, value]) => VECTORS_BINDING.test(name) && value);
  if (bound.length === 0) return { kind: "pgvector" };
  const indexes = new Map(bound.map(([name, value]) => [name, binding<VectorizeBinding>().parse(value)]));
  return { kind: "vectorize", shards: new ShardMap(epochs, indexes) };
}

function fieldProblems(error: z.ZodError | undefined): FieldProblem[] {
  return (error?.issues ?? []).map(({ path, message }) => ({ path: path.join("."), message }));
}

function misconfigured(errors: FieldProblem[]): AppError {
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new AppError("misconfigured", { detail: `${detail}.`, errors });
}
