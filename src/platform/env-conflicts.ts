/** What is wrong between settings. Works on raw values, so that it reports beside what is wrong with single ones. */
import type { FieldProblem } from "../lib/errors.ts";
import { parseJson } from "./env-settings.ts";
import { VECTORIZE } from "./vectors-binding.ts";
import { ShardEpochs } from "./vectors-shards.ts";

export function conflictsOf(values: Record<string, unknown>): FieldProblem[] {
  const { problems, unless } = collector();
  const { ANTHROPIC_API_KEY, MODEL_BASE_URL, WEB_SEARCH, WEB_SEARCH_KEY, WEB_SEARCH_URL } = values;
  unless(
    Boolean(ANTHROPIC_API_KEY ?? MODEL_BASE_URL),
    "ANTHROPIC_API_KEY",
    "set it, or MODEL_BASE_URL for another server of the Messages API",
  );
  unless(
    !/(?:^|,)\s*(?:https?:\/\/|\*)\s*(?:,|$)/.test(String(values["CORS_ORIGINS"] ?? "")),
    "CORS_ORIGINS",
    "name the sites: this would let every one in",
  );
  unless(
    !WEB_SEARCH || WEB_SEARCH === "searxng" || Boolean(WEB_SEARCH_KEY),
    "WEB_SEARCH_KEY",
    `WEB_SEARCH=${WEB_SEARCH} needs a key`,
  );
  unless(
    WEB_SEARCH !== "searxng" || Boolean(WEB_SEARCH_URL),
    "WEB_SEARCH_URL",
    "WEB_SEARCH=searxng needs the address of a server",
  );
  if (values["ENVIRONMENT"] === "production") {
    unless(
      /^https:/.test(String(values["PUBLIC_URL"] ?? "https:")),
      "PUBLIC_URL",
      "it must be https in production",
    );
    unless(
      !String(values["CORS_ORIGINS"] ?? "").includes(":*"),
      "CORS_ORIGINS",
      "`:*` is for development only",
    );
  }
  return [...problems, ...ingestConflictsOf(values)];
}

/** Those between what both scripts read. */
export function ingestConflictsOf(values: Record<string, unknown>): FieldProblem[] {
  const { problems, unless } = collector();
  const {
    EMBEDDER = "hashing",
    EMBEDDER_MODEL,
    EMBEDDER_URL,
    AI,
    EMBEDDER_DIMENSIONS,
    VECTORS,
    VECTOR_SHARDS,
  } = values;
  unless(
    EMBEDDER === "hashing" || Boolean(EMBEDDER_MODEL),
    "EMBEDDER_MODEL",
    `EMBEDDER=${EMBEDDER} needs a model`,
  );
  unless(EMBEDDER !== "openai" || Boolean(EMBEDDER_URL), "EMBEDDER_URL", "EMBEDDER=openai needs an address");
  unless(
    EMBEDDER !== "workers_ai" || Boolean(AI),
    "EMBEDDER",
    "the binding AI is missing; it exists in production only",
  );
  unless(
    !VECTORS || !(Number(EMBEDDER_DIMENSIONS) > VECTORIZE.dimensionsMax),
    "EMBEDDER_DIMENSIONS",
    `Vectorize takes at most ${VECTORIZE.dimensionsMax}`,
  );
  const indexes = ShardEpochs.safeParse(parseJson(String(VECTOR_SHARDS))).data ?? [];
  const unbound = indexes.flatMap((epoch) => epoch.indexes).filter((name) => !values[name]);
  unless(unbound.length === 0, "VECTOR_SHARDS", `nothing is bound as ${unbound.join(", ")}`);
  if (values["ENVIRONMENT"] === "production") {
    unless(
      /^https:/.test(String(values["EGRESS_RESOLVER_URL"] ?? "https:")),
      "EGRESS_RESOLVER_URL",
      "it must be https in production",
    );
    unless(
      !values["EGRESS_ALLOW_HOSTS"],
      "EGRESS_ALLOW_HOSTS",
      "it lets addresses of inner networks be fetched: for development and tests only",
    );
  }
  return problems;
}

function collector() {
  const problems: FieldProblem[] = [];
  const unless = (fine: boolean, path: string, message: string) => {
    if (!fine) problems.push({ path, message });
  };
  return { problems, unless };
}
