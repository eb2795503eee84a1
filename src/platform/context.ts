/** What every service verb is given. Made by one function for fetch, queue, cron, Workflow and Durable Object alike. */
import type { Logger } from "../lib/logger.ts";
import { type Clock, systemClock } from "../lib/time.ts";
import { type Actor, actorId } from "./actor.ts";
import { type Database, openDatabase, type Queries, type Query, type Role } from "./db.ts";
import type { Config, Env, IngestConfig, IngestEnv } from "./env.ts";
import { type IdentityDatabase, openIdentityDatabase } from "./identity-db.ts";
import type { Keyring } from "./keyring.ts";

/** How verbs reach what the wiring connects: the user's hub, in fetch and Durable Object alike. */
export interface Ports {
  /** The hubs' namespace. Opaque here: `features/hub/client` knows the class behind it. */
  userHub: object;
  objects: R2Bucket;
  ingest: Queue;
  /** Closes the sockets of one session, or of all sessions of the user. Called after the end is committed. */
  sessionEnded(ended: EndedSession): Promise<void>;
  /**
   * Has the person's hub, the one writer of their memory, make a change. Command and answer are those of the memory's
   * contract (`features/memory/schema`), opaque here.
   */
  changeMemory(visitor: HubVisitor, command: unknown): Promise<unknown>;
  /** Which agents of a person's own their assistant may delegate to, as a mark that is another for every other list. */
  agentsMark: Aside<string>;
  /**
   * What a change that the database itself takes note of has the hubs be told: agents, collections, shares. `select` goes into
   * the transaction after the change; `tell` never throws, and what it cannot tell the schedule does.
   */
  notices: { select(queries: Queries): Query; tell(ctx: Ctx, found: unknown): Promise<void> };
  /** Tells the person's devices and readers; lost when none has ever connected. Throws when the hub cannot be had. */
  publish(owner: { tenantId: string; userId: string }, announcement: Announcement): Promise<void>;
}

/** What a person's devices and readers are told: ids, states and counts, nothing that anybody wrote. */
export interface Announcement {
  /** One of those in the hub's schema. */
  topic: string;
  data: Record<string, string | number | boolean | null>;
}

/** A question that a low feature puts into a round trip of its own for a high one. */
export interface Aside<Answer> {
  select(queries: Queries, userId: string): Query;
  /** Of what the query answered. */
  read(answer: unknown): Answer;
}

/** Who asks a hub over REST, as the database has just said of them. */
export interface HubVisitor {
  tenantId: string;
  userId: string;
  sessionId: string;
  role: Role;
  tier: string;
  wrappedDataKey: Uint8Array;
}

export interface EndedSession {
  tenantId: string;
  userId: string;
  /** Absent: every session of the user in this tenant. */
  sessionId?: string;
}

/** Where a caller comes from, as far as the edge knows. */
export interface Client {
  ip: string;
  userAgent: string;
}

/** The context of a caller who has not signed in. */
interface AnyCtx {
  requestId: string;
  clock: Clock;
  log: Logger;
  keyring: Keyring;
  ports: Ports;
  /** Lets work go on after the answer; its failure is logged, never thrown. */
  waitUntil(work: Promise<unknown>): void;
}

export interface GuestCtx extends AnyCtx {
  config: Config;
  /** Accounts and sessions, as a database role of its own. */
  identity: IdentityDatabase;
  /** Null outside of a request. */
  client: Client | null;
}

/** Of work from the queue, which the settings and secrets of its own script are enough for. */
export interface JobCtx extends AnyCtx {
  config: IngestConfig;
  actor: Actor;
  tenantId: string;
  /** The data of `tenantId`, as `actor`. */
  db: Database;
}

export interface Ctx extends JobCtx, GuestCtx {
  config: Config;
}

export interface Surroundings {
  ports: Ports;
  requestId: string;
  log: Logger;
  client?: Client;
  clock?: Clock;
  /** The runtime's `waitUntil`, bound. */
  waitUntil(work: Promise<unknown>): void;
}

/** What of the environment a context is made of: what `readEnv` answers has it. */
export type ContextEnv = Pick<Env, "config" | "keyring">;

export function createGuestCtx(env: ContextEnv, around: Surroundings): GuestCtx {
  const { config } = env;
  return {
    ...createAnyCtx(env, around),
    config,
    identity: openIdentityDatabase(config.database),
    client: around.client ?? null,
  };
}

export function createJobCtx(
  env: Pick<IngestEnv, "config" | "keyring">,
  around: Surroundings & { actor: Actor; tenantId: string },
): JobCtx {
  const { actor, tenantId } = around;
  const { config } = env;
  const log = around.log.with({ tenant_id: tenantId, actor_kind: actor.kind, actor_id: actorId(actor) });
  return {
    ...createAnyCtx(env, { ...around, log }),
    config,
    actor,
    tenantId,
    db: openDatabase(config.database, { actor, tenantId }),
  };
}

export function createCtx(env: ContextEnv, around: Surroundings & { actor: Actor; tenantId: string }): Ctx {
  const { config } = env;
  return { ...createGuestCtx(env, around), ...createJobCtx(env, around), config };
}

function createAnyCtx({ keyring }: Pick<IngestEnv, "keyring">, around: Surroundings): AnyCtx {
  const { ports, requestId, log, clock = systemClock } = around;
  return {
    requestId,
    clock,
    log,
    keyring,
    ports,
    waitUntil(work) {
      around.waitUntil(work.catch((cause: unknown) => log.error({ event: "background.failed" }, cause)));
    },
  };
}

/** The person an actor acts for. Throws for a system actor that concerns nobody: a fault of the caller's code. */
export function userIdOf({ actor }: Pick<JobCtx, "actor">): string {
  if (actor.userId === undefined) throw new TypeError(`A ${actor.kind} actor without a user cannot do this.`);
  return actor.userId;
}
