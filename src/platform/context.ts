/** What every service verb is given. Made by one function for fetch, queue, cron, Workflow and Durable Object alike. */
import type { Logger } from "../lib/logger.ts";
import { type Clock, systemClock } from "../lib/time.ts";
import { type Actor, actorId } from "./actor.ts";
import { type Database, openDatabase, type Queries, type Query, type Role } from "./db.ts";
import type { Config, Env } from "./env.ts";
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
export interface GuestCtx {
  requestId: string;
  /** Accounts and sessions, as a database role of its own. */
  identity: IdentityDatabase;
  clock: Clock;
  log: Logger;
  config: Config;
  keyring: Keyring;
  /** Null outside of a request. */
  client: Client | null;
  ports: Ports;
  /** Lets work go on after the answer; its failure is logged, never thrown. */
  waitUntil(work: Promise<unknown>): void;
}

export interface Ctx extends GuestCtx {
  actor: Actor;
  tenantId: string;
  /** The data of `tenantId`, as `actor`. */
  db: Database;
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

export function createGuestCtx({ config, keyring }: ContextEnv, around: Surroundings): GuestCtx {
  const { ports, requestId, log, client = null, clock = systemClock } = around;
  return {
    requestId,
    identity: openIdentityDatabase(config.database),
    clock,
    log,
    config,
    keyring,
    client,
    ports,
    waitUntil(work) {
      around.waitUntil(work.catch((cause: unknown) => log.error({ event: "background.failed" }, cause)));
    },
  };
}

export function createCtx(env: ContextEnv, around: Surroundings & { actor: Actor; tenantId: string }): Ctx {
  const { actor, tenantId } = around;
  const log = around.log.with({ tenant_id: tenantId, actor_kind: actor.kind, actor_id: actorId(actor) });
  return {
    ...createGuestCtx(env, { ...around, log }),
    actor,
    tenantId,
    db: openDatabase(env.config.database, { actor, tenantId }),
  };
}

/** The person an actor acts for. Throws for a system actor that concerns nobody: a fault of the caller's code. */
export function userIdOf({ actor }: Pick<Ctx, "actor">): string {
  if (actor.userId === undefined) throw new TypeError(`A ${actor.kind} actor without a user cannot do this.`);
  return actor.userId;
}
