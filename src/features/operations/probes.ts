/** What the service leans on, and how each part is asked without changing anything or spending anything. */
import { sql } from "drizzle-orm";
import journal from "../../../migrations/meta/_journal.json" with { type: "json" };
import { AppError } from "../../lib/errors.ts";
import type { GuestCtx } from "../../platform/context.ts";
import { openDatabase, type Permission } from "../../platform/db.ts";
import type { Config } from "../../platform/env.ts";
import { modelServerStatus } from "../../platform/model-target.ts";
import { runInSandbox } from "../../platform/sandbox.ts";
import { webSearchStatus } from "../../platform/web-search.ts";
import { kindsAmiss } from "../custom-agents/service.ts";
import { hubOf } from "../hub/client.ts";
import type { Probe } from "./health.ts";

export function probesOf(ctx: GuestCtx): readonly Probe[] {
  return [
    { name: "postgres", required: true, check: () => checkPostgres(ctx) },
    { name: "migrations", required: true, check: () => checkMigrations(ctx) },
    { name: "hub", required: true, check: () => checkHub(ctx) },
    { name: "model", required: false, check: (signal) => checkModel(ctx.config, signal) },
    { name: "agent_kinds", required: false, check: async () => kindsAmiss(ctx.config) },
    {
      name: "web_search",
      required: false,
      off: ctx.config.webSearch ? undefined : "No service is named (WEB_SEARCH).",
      check: (signal) => checkWebSearch(ctx.config, signal),
    },
    {
      name: "sandbox",
      required: false,
      off: ctx.config.sandbox ? undefined : "No script for code is bound (SANDBOX).",
      check: (signal) => checkSandbox(ctx.config, signal),
    },
    { name: "objects", required: false, check: () => checkObjects(ctx) },
    { name: "queue", required: false, check: () => checkQueue(ctx) },
  ];
}

/** No tenant has this id: the database answers the question by refusing it. */
const NO_TENANT = "00000000-0000-0000-0000-000000000000";
const NOBODYS_PERMISSION: Permission = {
  resource: "health",
  action: "probe",
  roles: ["system"],
  readOnly: true,
  liveSession: false,
};

/** As the application role, whose first statement also refuses a role that could bypass row-level security. */
async function checkPostgres({ config }: GuestCtx): Promise<undefined> {
  const scope = { actor: { kind: "system", job: "health" } as const, tenantId: NO_TENANT };
  try {
    await openDatabase(config.database, scope).run(NOBODYS_PERMISSION, () => []);
  } catch (error) {
    if (!(error instanceof AppError && error.code === "forbidden")) throw error;
  }
}

async function checkMigrations({ identity }: GuestCtx): Promise<string | undefined> {
  const [{ rows }] = await identity.run((queries) => [
    queries.execute<{ name: string }>(sql`select name from schema_migrations`),
  ]);
  const applied = new Set(rows.map(({ name }) => name));
  const missing = journal.entries.filter(({ tag }) => !applied.has(`${tag}.sql`)).length;
  return missing === 0 ? undefined : `${missing} of ${journal.entries.length} migrations are missing.`;
}

/** A hub of nobody's, which holds nothing. */
async function checkHub({ ports }: GuestCtx): Promise<undefined> {
  await hubOf(ports, { tenantId: NO_TENANT, userId: NO_TENANT }).listDevices();
}

async function checkModel({ model }: Config, signal: AbortSignal): Promise<string | undefined> {
  if (!model.apiKey && !model.baseUrl) return "No model is configured.";
  const status = await modelServerStatus(model, signal);
  if (status === 401 || status === 403) return "The model server refuses the key.";
  return status >= 500 ? `The model server answers ${status}.` : undefined;
}

async function checkWebSearch({ webSearch }: Config, signal: AbortSignal): Promise<string | undefined> {
  if (!webSearch) return undefined;
  const status = await webSearchStatus(webSearch, signal);
  return status >= 500 ? `The search service answers ${status}.` : undefined;
}

async function checkSandbox({ sandbox }: Config, signal: AbortSignal): Promise<string | undefined> {
  if (!sandbox) return undefined;
  const result = await runInSandbox(sandbox, { code: "return input + 1", input: "1" }, signal);
  return result.kind === "value" && result.value === "2" ? undefined : "The sandbox computes wrongly.";
}

async function checkObjects({ ports }: GuestCtx): Promise<undefined> {
  await ports.objects.head("health");
}

async function checkQueue({ ports }: GuestCtx): Promise<undefined> {
  await ports.ingest.metrics();
}
