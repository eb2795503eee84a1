/** The one policy table: who may do what. Service verbs ask it; nothing else does. */
import type { Permission, Role } from "../../platform/db.ts";

type Grantee = Role | "system";

interface Rule {
  roles: readonly Grantee[];
  /** Runs in a READ ONLY transaction. */
  readOnly?: true;
  /** Also asks whether the session is alive: for what must not outlive a revoked session by one minute. */
  liveSession?: true;
}

const EVERYONE = ["owner", "admin", "member", "readonly"] as const;
const WRITERS = ["owner", "admin", "member"] as const;
const MANAGERS = ["owner", "admin"] as const;

const POLICY = {
  account: {
    read: { roles: EVERYONE, readOnly: true },
  },
  sessions: {
    read: { roles: EVERYONE, readOnly: true },
    /** Is the actor's own session alive? Asked before a socket opens. */
    check: { roles: EVERYONE, readOnly: true, liveSession: true },
    /** One's own: a readonly member may sign out too. */
    revoke: { roles: EVERYONE, liveSession: true },
  },
  members: {
    /** With their addresses. */
    read: { roles: MANAGERS, readOnly: true, liveSession: true },
    update: { roles: MANAGERS, liveSession: true },
    delete: { roles: MANAGERS, liveSession: true },
  },
  audit: {
    read: { roles: MANAGERS, readOnly: true },
  },
  chats: {
    read: { roles: [...EVERYONE, "system"], readOnly: true },
    create: { roles: WRITERS },
    update: { roles: WRITERS },
    delete: { roles: WRITERS },
    /** Rows a finished turn leaves behind, flushed by the hub. */
    record: { roles: [...WRITERS, "system"] },
  },
  turns: {
    /** A turn can change everything on the device: a stolen token of an ended session must not start one. */
    start: { roles: WRITERS, readOnly: true, liveSession: true },
  },
  tool_executions: {
    read: { roles: EVERYONE, readOnly: true },
    /** What a turn asked of a device, flushed by the hub. */
    record: { roles: [...WRITERS, "system"] },
  },
  devices: {
    connect: { roles: EVERYONE, readOnly: true, liveSession: true },
    read: { roles: EVERYONE, readOnly: true },
    delete: { roles: WRITERS, liveSession: true },
  },
  hubs: {
    /** Which master key the hub's copy of the data key needs. */
    note: { roles: [...EVERYONE, "system"] },
  },
  events: {
    read: { roles: EVERYONE, readOnly: true, liveSession: true },
  },
  memory: {
    read: { roles: [...EVERYONE, "system"], readOnly: true },
    update: { roles: WRITERS },
    /** Gone for good at once: a stolen token of an ended session must not do it. */
    delete: { roles: WRITERS, liveSession: true },
    export: { roles: EVERYONE, readOnly: true, liveSession: true },
    /** What the hub owes the database: changes, and what is to be forgotten. */
    record: { roles: [...WRITERS, "system"] },
  },
  embeddings: {
    create: { roles: WRITERS, readOnly: true },
  },
  collections: {
    read: { roles: [...EVERYONE, "system"], readOnly: true },
    create: { roles: WRITERS },
    update: { roles: WRITERS },
    delete: { roles: WRITERS },
    search: { roles: [...EVERYONE, "system"], readOnly: true },
    /** Has the content of an earlier version again. */
    restore: { roles: WRITERS },
  },
  agents: {
    read: { roles: [...EVERYONE, "system"], readOnly: true },
    create: { roles: WRITERS },
    update: { roles: WRITERS },
    delete: { roles: WRITERS },
  },
  knowledge_queries: {
    /** A model answers, at a price: a stolen token of an ended session must not ask. */
    ask: { roles: WRITERS, readOnly: true, liveSession: true },
    read: { roles: EVERYONE, readOnly: true },
    /** One's own: a readonly member searches too, and decides what is kept of it. */
    record: { roles: EVERYONE },
    delete: { roles: EVERYONE, liveSession: true },
  },
  documents: {
    read: { roles: EVERYONE, readOnly: true },
    create: { roles: WRITERS },
    /** Title and metadata. */
    update: { roles: WRITERS },
    /** New content in the place of the old. */
    replace: { roles: WRITERS },
    /** Reads a failed one again. */
    retry: { roles: WRITERS },
    /** Stops the reading. */
    cancel: { roles: WRITERS },
    delete: { roles: WRITERS },
    /** What the queue does with a document after it was accepted. */
    ingest: { roles: ["system"] },
  },
  shares: {
    read: { roles: EVERYONE, readOnly: true },
    create: { roles: WRITERS, liveSession: true },
    delete: { roles: WRITERS },
  },
  usage: {
    read: { roles: EVERYONE, readOnly: true },
  },
  requests: {
    /** Remembers a request by its `Idempotency-Key`. What the request does asks for its own permission. */
    repeat: { roles: EVERYONE },
  },
} as const satisfies Record<string, Record<string, Rule>>;

const TABLE: Readonly<Record<string, Readonly<Record<string, Rule>>>> = POLICY;

type Policies = typeof POLICY;
export type Resource = keyof Policies;
export type Action<Of extends Resource> = keyof Policies[Of] & string;

/** The permission a verb hands to `ctx.db.run`, which asserts it in the database with the verb's own queries. */
export function allow<Of extends Resource>(resource: Of, action: Action<Of>): Permission {
  const permission = findPermission(resource, action);
  if (!permission) throw new TypeError(`The policy table has no ${action} of ${resource}.`);
  return permission;
}

/** By the names a route declares; null when the table has no such line. */
export function findPermission(resource: string, action: string): Permission | null {
  const rules: Readonly<Record<string, Rule>> = Object.hasOwn(TABLE, resource) ? (TABLE[resource] ?? {}) : {};
  const rule = Object.hasOwn(rules, action) ? rules[action] : undefined;
  if (!rule) return null;
  const { roles, readOnly = false, liveSession = false } = rule;
  return { resource, action, roles, readOnly, liveSession };
}
