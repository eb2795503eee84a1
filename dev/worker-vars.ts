/** What the Worker reads from its environment when it runs on this machine. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { IngestSettings } from "../src/platform/env-settings.ts";
import type { LocalPostgres } from "./postgres/server.ts";
import { ROOT } from "./project.ts";
import type { Secrets } from "./secrets.ts";

/** Taken from the shell as they are; anything else a person wants to set goes into `.dev.vars`. */
const FROM_SHELL = ["ANTHROPIC_API_KEY", "MODEL_BASE_URL", "MODEL_SUPERVISOR", "MODEL_WORKER", "MODEL_SMALL"];

export interface WorkerSurroundings {
  environment: "development" | "test";
  publicUrl: string;
  postgres: Pick<LocalPostgres, "urls" | "fetchEndpoint" | "wsProxy">;
  secrets: Secrets;
  /** The stand-in's address; absent when `settings` name a model. */
  modelUrl?: string | undefined;
  /** What a person set. The database and the stand-in are not theirs to choose here. */
  settings?: Record<string, string>;
}

export function workerVars(around: WorkerSurroundings): Record<string, string> {
  const { environment, publicUrl, postgres, secrets, modelUrl, settings } = around;
  return {
    ENVIRONMENT: environment,
    PUBLIC_URL: publicUrl,
    CORS_ORIGINS: "app://,http://localhost:*,http://127.0.0.1:*",
    ...secrets,
    ...settings,
    DATABASE_URL: postgres.urls.app,
    IDENTITY_DATABASE_URL: postgres.urls.identity,
    SCHEDULER_DATABASE_URL: postgres.urls.scheduler,
    NEON_FETCH_ENDPOINT: postgres.fetchEndpoint,
    NEON_WS_PROXY: postgres.wsProxy,
    ...(modelUrl ? { MODEL_BASE_URL: modelUrl } : {}),
  };
}

/** Those of them that the script `ingest` is given. */
export function ingestVars(vars: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vars).filter(([name]) => Object.hasOwn(IngestSettings.shape, name)),
  );
}

/** What the person at this machine set: `.dev.vars`, and over it the shell. */
export async function personalSettings(): Promise<Record<string, string>> {
  const settings = await readVars(join(ROOT, ".dev.vars")).catch(() => ({}) as Record<string, string>);
  for (const name of FROM_SHELL) {
    const value = process.env[name];
    if (value) settings[name] = value;
  }
  return settings;
}

export function namesModel(settings: Record<string, string>): boolean {
  return Boolean(settings["ANTHROPIC_API_KEY"] || settings["MODEL_BASE_URL"]);
}

/** A file that `readVars` and wrangler's `--env-file` read alike. Throws on a value that no quotes can hold. */
export function formatVars(vars: Record<string, string>): string {
  return Object.entries(vars)
    .map(([name, value]) => {
      if (/['\n$]/.test(value))
        throw new Error(`${name} must not contain a quote, a line break or a dollar sign.`);
      return `${name}='${value}'\n`;
    })
    .join("");
}

export async function readVars(path: string): Promise<Record<string, string>> {
  const vars: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(await readFile(path, "utf8")))) {
    if (value !== undefined) vars[name] = value;
  }
  return vars;
}
