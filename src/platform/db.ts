/**
 * Tenant data: every unit of work is one round trip and one transaction that names its tenant, asks for its permission
 * and runs its queries. Row-level security does the rest: without a tenant, no row exists.
 */
import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { NeonHttpDatabase } from "drizzle-orm/neon-http";
import { AppError } from "../lib/errors.ts";
import { sleep } from "../lib/time.ts";
import type { Actor } from "./actor.ts";
import { readDatabaseError } from "./db-error.ts";

/** A member's role in one tenant. */
export type Role = "owner" | "admin" | "member" | "readonly";
/** What a user pays for; sets quotas and limits. */
export type Tier = "free" | "pro" | "power" | "team";

/** What a verb asks to do. Made by the policy table alone (`features/auth/policy`). */
export interface Permission {
  readonly resource: string;
  readonly action: string;
  /** `system` stands for actors of that kind. */
  readonly roles: readonly (Role | "system")[];
  /** The transaction is READ ONLY, and is tried again when the database fails. */
  readonly readOnly: boolean;
  /** Also refuses a session that has ended, though its access token is still good. */
  readonly liveSession: boolean;
}

/** What the database says about the actor, read in the same round trip as the work itself. */
export interface Principal {
  tenantId: string;
  /** Null for a system actor that concerns nobody. */
  userId: string | null;
  /** Null for a system actor. */
  role: Role | null;
  tier: Tier;
  /** The user's data key, as the keyring wrapped it; null without a user. */
  wrappedDataKey: Uint8Array | null;
  /** Unix ms; null when the actor has no session or the permission does not ask for a live one. */
  sessionExpiresAt: number | null;
}

/** Drizzle's query builder, without its ways to execute outside of `run`. */
export type Queries = Omit<NeonHttpDatabase, "batch" | "transaction" | "$withAuth">;
export type Query = BatchItem<"pg">;
export type Results<Items extends readonly Query[]> = {
  -readonly [Position in keyof Items]: Items[Position]["_"]["result"];
};

export interface Database {
  /** How often the database was asked so far; retries count. */
  readonly roundTrips: number;
  /** What the last `run` learnt about the actor; null before the first. */
  readonly principal: Principal | null;
  /** Who is asking: what is already known, else one round trip. Grants nothing beyond being a live member. */
  identify(): Promise<Principal>;
  /**
   * Runs the queries in order, in one transaction and one round trip; an empty list only asks for the permission.
   * Throws `forbidden`, `account_disabled`, `session_revoked`, `database_unavailable`, `timeout`, or a `DatabaseError`
   * with its SQLSTATE for what the queries themselves did wrong.
   */
  run<const Items extends readonly Query[]>(
    permission: Permission,
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>>;
}

export interface DatabaseConfig {
  /** Connection string of the application role, which cannot bypass row-level security. */
  url: string;
  /** Where `/sql` is served, when it is not Neon's own address. */
  httpEndpoint?: string | undefined;
  /** `host:port/path` that speaks Postgres over WebSocket, when it is not Neon's own address. */
  webSocketProxy?: string | undefined;
  /** For one attempt, in the database and on the wire. */
  timeoutMs: number;
}

/** With the other roles' connection strings, which the main script alone has. */
export interface DatabasesConfig extends DatabaseConfig {
  /** Of the role that alone may touch accounts and sessions. */
  identityUrl: string;
  /** Of the role that sees nothing but what is due to be erased. */
  schedulerUrl: string;
}

const READ_ATTEMPTS = 3;
const RETRY_BASE_MS = 50;

export interface DatabaseScope {
  actor: Actor;
  tenantId: string;
}

const ANY_MEMBER: Permission = {
  resource: "principal",
  action: "identify",
  roles: ["owner", "admin", "member", "readonly", "system"],
  readOnly: true,
  liveSession: false,
};

/** One per `Ctx`. Opens nothing until it is asked. */
export function openDatabase(config: DatabaseConfig, scope: DatabaseScope): Database {
  return new TenantDatabase(config, scope);
}

interface Outcome<Items extends readonly Query[]> {
  principal: Principal;
  results: Results<Items>;
}

class TenantDatabase implements Database {
  readonly #config: DatabaseConfig;
  readonly #scope: DatabaseScope;
  #queries: NeonHttpDatabase | undefined;
  #roundTrips = 0;
  #principal: Principal | null = null;

  constructor(config: DatabaseConfig, scope: DatabaseScope) {
    this.#config = config;
    this.#scope = scope;
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  get principal(): Principal | null {
    return this.#principal;
  }

  async identify(): Promise<Principal> {
    return this.#principal ?? (await this.#repeat(ANY_MEMBER, () => [])).principal;
  }

  async run<const Items extends readonly Query[]>(
    permission: Permission,
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>> {
    return (await this.#repeat(permission, build)).results;
  }

  async #repeat<const Items extends readonly Query[]>(
    permission: Permission,
    build: (queries: Queries) => Items,
  ): Promise<Outcome<Items>> {
    const startMs = Date.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(permission, build);
      } catch (error) {
        const late = attempt === READ_ATTEMPTS || Date.now() - startMs > this.#config.timeoutMs;
        if (!permission.readOnly || late || !isPassing(error)) throw error;
        // Jitter keeps readers that failed together from coming back together.
        await sleep(RETRY_BASE_MS * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  async #attempt<const Items extends readonly Query[]>(
    permission: Permission,
    build: (queries: Queries) => Items,
  ): Promise<Outcome<Items>> {
    this.#queries ??= (await loadDriver()).openHttp(this.#config, this.#config.url);
    const queries = this.#queries;
    const authorization = queries.execute<AuthorizationRow>(authorize(this.#config, this.#scope, permission));
    const items = [authorization, ...build(queries)] as const;
    this.#roundTrips++;
    const [authorized, ...results] = await queries.batch(items).catch((error: unknown) => {
      throw readDatabaseError(error);
    });
    const principal = toPrincipal(this.#scope, authorized.rows[0]);
    this.#principal = principal;
    return { principal, results };
  }
}

let driver: typeof import("./db-driver.ts") | undefined;

/** The driver is large, and a turn of a hub asks the database nothing: who does loads it, once in an isolate. */
export async function loadDriver() {
  driver ??= await import("./db-driver.ts");
  return driver;
}

interface AuthorizationRow extends Record<string, unknown> {
  role: Role | null;
  tier: Tier;
  /** Base64, so that no driver setting can change how it arrives. */
  wrapped_data_key: string | null;
  session_expires_ms: string | null;
}

/**
 * Names tenant and user for this transaction, checks the permission and answers with the principal. Its first act is
 * to refuse a database role that row-level security does not bind.
 */
function authorize(config: DatabaseConfig, { actor, tenantId }: DatabaseScope, permission: Permission) {
  const userId = actor.userId ?? null;
  const sessionId = permission.liveSession && actor.kind === "user" ? actor.sessionId : null;
  return sql`select * from app.authorize(
    ${tenantId}::uuid, ${userId}::uuid, ${sessionId}::uuid, ${actor.kind === "system"}::boolean,
    string_to_array(${permission.roles.join(",")}, ','), ${permission.readOnly}::boolean, ${config.timeoutMs}::integer)`;
}

function toPrincipal({ actor, tenantId }: DatabaseScope, row: AuthorizationRow | undefined): Principal {
  if (!row) throw new AppError("internal", { detail: "The database did not say who is asking." });
  return {
    tenantId,
    userId: actor.userId ?? null,
    role: row.role,
    tier: row.tier,
    wrappedDataKey: row.wrapped_data_key === null ? null : Buffer.from(row.wrapped_data_key, "base64"),
    sessionExpiresAt: row.session_expires_ms === null ? null : Number(row.session_expires_ms),
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof AppError && error.code === "database_unavailable";
}
