import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, it } from "vitest";
import { createSecrets } from "../../dev/secrets.ts";
import { AppError } from "../../src/lib/errors.ts";
import { readEnv, readIngestEnv } from "../../src/platform/env.ts";
import { IngestSettings, Settings } from "../../src/platform/env-settings.ts";

const bindings = {
  USER_HUB: {},
  OBJECTS: {},
  INGEST: {},
  ANALYTICS: {},
  EMAIL: {},
  MAINTENANCE: {},
  AUTH_RATE_LIMIT: {},
};
const settings = {
  ENVIRONMENT: "test",
  PUBLIC_URL: "http://127.0.0.1:8787/",
  DATABASE_URL: "postgresql://app:secret@127.0.0.1/postgres",
  IDENTITY_DATABASE_URL: "postgresql://identity:secret@127.0.0.1/postgres",
  SCHEDULER_DATABASE_URL: "postgresql://scheduler:secret@127.0.0.1/postgres",
  ANTHROPIC_API_KEY: "a-key",
  ...createSecrets(),
};

describe("a right environment", () => {
  it("becomes typed settings, with a default for each limit", () => {
    const { config, ai } = readEnv({
      ...bindings,
      ...settings,
      TURNS_PER_USER: "2",
      CORS_ORIGINS: "app://, ",
    });
    expect(config.auth).toMatchObject({
      issuer: "http://127.0.0.1:8787",
      accessTokenMs: 900_000,
      sessionDays: 30,
    });
    expect(config.limits).toMatchObject({
      turnsPerUser: 2,
      answerMs: 30_000,
      turnTokens: 200_000,
      responseTokens: 16_000,
    });
    expect(config.corsOrigins).toEqual(["app://"]);
    expect(config.embedder).toEqual({ kind: "hashing" });
    expect(ai).toBeNull();
    expect(config.vectors).toEqual({ kind: "pgvector" });
  });

  it("is parsed once", () => {
    const raw = { ...bindings, ...settings };
    expect(readEnv(raw).config).toBe(readEnv(raw).config);
  });

  it("treats an empty setting as one that was not made", () => {
    const { config } = readEnv({ ...bindings, ...settings, MODEL_BASE_URL: "", SESSION_DAYS: "" });
    expect(config.model.baseUrl).toBeUndefined();
    expect(config.auth.sessionDays).toBe(30);
  });

  it("takes an embedder of the operator's choice", () => {
    const choice = { EMBEDDER: "openai", EMBEDDER_URL: "http://127.0.0.1:9000/v1", EMBEDDER_MODEL: "small" };
    const { config } = readEnv({ ...bindings, ...settings, ...choice, EMBEDDER_DIMENSIONS: "384" });
    expect(config.embedder).toMatchObject({ kind: "openai", baseUrl: choice.EMBEDDER_URL, dimensions: 384 });
  });
});

describe("the script that reads documents", () => {
  const { USER_HUB, OBJECTS, INGEST } = bindings;
  const own = {
    USER_HUB,
    OBJECTS,
    INGEST,
    ENVIRONMENT: settings.ENVIRONMENT,
    DATABASE_URL: settings.DATABASE_URL,
    MASTER_KEYS: settings.MASTER_KEYS,
  };

  it("is told what the main one is told of what both use, and needs no more than this", () => {
    const { config } = readIngestEnv(own);
    const { database, embedder, vectors, egress } = readEnv({ ...bindings, ...settings }).config;
    const { identityUrl: _identity, schedulerUrl: _scheduler, ...ofTheApplication } = database;
    expect(config).toEqual({ database: ofTheApplication, embedder, vectors, egress });
  });

  it("passes on none of the other secrets, should it be given them", () => {
    const { config } = readIngestEnv({ ...bindings, ...settings });
    const others = Object.entries(settings).filter(([name]) => !Object.hasOwn(own, name));
    expect(others.map(([name]) => name)).toEqual(
      expect.arrayContaining(["JWT_KEYS", "AUTH_SECRET", "ANTHROPIC_API_KEY", "IDENTITY_DATABASE_URL"]),
    );
    for (const [, value] of others) expect(JSON.stringify(config)).not.toContain(JSON.stringify(value));
  });

  it("says what is missing or contradicts itself, of its own settings alone", () => {
    const change = { DATABASE_URL: "", EMBEDDER: "openai", PUBLIC_URL: "none", ENVIRONMENT: "production" };
    expect(Object.keys(problemsOf({ ...own, ...change }, readIngestEnv)).sort()).toEqual([
      "DATABASE_URL",
      "EMBEDDER_MODEL",
      "EMBEDDER_URL",
    ]);
  });

  it("is deployed with the secrets it needs and no others", async () => {
    const guide = await readFile(join(import.meta.dirname, "../../docs/deploy.md"), "utf8");
    const [, named = ""] = /for name in ([A-Z_ ]+); do\n[^\n]*wrangler\.ingest\.toml/.exec(guide) ?? [];
    const secrets = named.trim().split(/\s+/);
    expect(secrets.filter((name) => !Object.hasOwn(IngestSettings.shape, name))).toEqual([]);
    const given = Object.fromEntries(Object.entries(own).filter(([name]) => secrets.includes(name)));
    expect(readIngestEnv({ USER_HUB, OBJECTS, INGEST, ENVIRONMENT: "test", ...given }).config).toBeDefined();
  });
});

describe("the example file", () => {
  it("documents every setting, with its default, and nothing else", async () => {
    const example = parseEnv(await readFile(join(import.meta.dirname, "../../.dev.vars.example"), "utf8"));
    expect(Object.keys(example).sort()).toEqual(Object.keys(Settings.shape).sort());
    const { config: stated } = readEnv({ ...bindings, ...example, ...settings, CORS_ORIGINS: "" });
    expect(stated).toEqual(readEnv({ ...bindings, ...settings }).config);
  });
});

describe("a wrong environment", () => {
  it("is refused with every problem at once, settings, bindings and contradictions alike", () => {
    const { INGEST: _, ...fewer } = bindings;
    const problems = problemsOf({ ...fewer, ENVIRONMENT: "prod", MASTER_KEYS: "{}", TURN_TOKENS: "many" });
    expect(Object.keys(problems).sort()).toEqual([
      "ANTHROPIC_API_KEY",
      "AUTH_SECRET",
      "DATABASE_URL",
      "ENVIRONMENT",
      "IDENTITY_DATABASE_URL",
      "INGEST",
      "JWT_KEYS",
      "MASTER_KEYS",
      "PUBLIC_URL",
      "SCHEDULER_DATABASE_URL",
      "TURN_TOKENS",
    ]);
  });

  it("never repeats a secret in what it says", () => {
    const secrets = {
      AUTH_SECRET: "short-canary",
      MASTER_KEYS: "canary-keys",
      JWT_KEYS: '{"keys":["canary"]}',
    };
    const error = failureOf({ ...bindings, ...settings, ...secrets, DATABASE_URL: "mysql://canary@x/y" });
    expect(JSON.stringify([error.message, error.errors])).not.toContain("canary");
  });

  it.each([
    ["a key ring without its current key", { MASTER_KEYS: '{"current":"k2","keys":{}}' }, "MASTER_KEYS"],
    ["a public key where a private one belongs", { JWT_KEYS: publicKeys() }, "JWT_KEYS"],
    ["plain http in production", { ENVIRONMENT: "production" }, "PUBLIC_URL"],
    [
      "an embedder without a model",
      { EMBEDDER: "openai", EMBEDDER_URL: "http://127.0.0.1/v1" },
      "EMBEDDER_MODEL",
    ],
    ["Workers AI where there is none", { EMBEDDER: "workers_ai", EMBEDDER_MODEL: "m" }, "EMBEDDER"],
    ["a scheme that stands for every site", { CORS_ORIGINS: "app://, https://" }, "CORS_ORIGINS"],
    ["any origin at all", { CORS_ORIGINS: "*" }, "CORS_ORIGINS"],
    ["an unbounded life of access tokens", { ACCESS_TOKEN_S: "86400" }, "ACCESS_TOKEN_S"],
    ["ports that are none", { EGRESS_PORTS: "80,web" }, "EGRESS_PORTS"],
    [
      "an inner host that is let through in production",
      { ENVIRONMENT: "production", PUBLIC_URL: "https://a.example", EGRESS_ALLOW_HOSTS: "127.0.0.1:80" },
      "EGRESS_ALLOW_HOSTS",
    ],
    [
      "a resolver that anybody on the way could answer for",
      { ENVIRONMENT: "production", PUBLIC_URL: "https://a.example", EGRESS_RESOLVER_URL: "http://a.example" },
      "EGRESS_RESOLVER_URL",
    ],
  ])("names %s", (_, change, path) => {
    expect(Object.keys(problemsOf({ ...bindings, ...settings, ...change }))).toEqual([path]);
  });
});

function failureOf(raw: object, read: (raw: object) => unknown = readEnv): AppError {
  try {
    read(raw);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("The environment was accepted.");
}

function problemsOf(raw: object, read?: typeof readIngestEnv): Record<string, string> {
  const error = failureOf(raw, read);
  expect(error.code).toBe("misconfigured");
  return Object.fromEntries((error.errors ?? []).map(({ path, message }) => [path, message]));
}

function publicKeys(): string {
  const { keys } = JSON.parse(createSecrets().JWT_KEYS);
  return JSON.stringify({ keys: keys.map(({ d: _, ...publicHalf }: Record<string, string>) => publicHalf) });
}
