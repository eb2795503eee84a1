/** What events are about, in what form, and who tells whom: the one registry that schemas and docs are made of. */
import * as z from "zod";

const id = z.uuid();
const version = z.int();
const lifecycle = z.enum(["created", "updated", "deleted", "restored"]);

const ChatChange = z.enum([...lifecycle.options, "messages"]);
export type ChatChange = z.infer<typeof ChatChange>;

const documents = z.object({
  id,
  collection_id: id,
  version,
  status: z.string().max(60),
  progress: z.number().min(0).max(1),
  reason_code: z.string().max(60).optional(),
});

/** `collections`, `agents` and `shares` come from the database itself (`hub_notices`), whoever makes the change. */
export const EVENT_TOPICS = {
  agents: {
    data: z.object({ id, owner_id: id, version, delegable: z.boolean(), change: lifecycle }),
    tells: "an agent was made, changed, deleted or restored",
    whom: "its owner, and those it is shared with",
  },
  chats: {
    data: z.object({ id, change: ChatChange }),
    tells: "a chat was made, renamed, deleted or restored, or has other messages than before",
    whom: "its owner",
  },
  collections: {
    data: z.object({
      id,
      owner_id: id.optional(),
      version: version.optional(),
      change: z.enum([...lifecycle.options, "content"]),
    }),
    tells:
      "a collection was made, changed, deleted or restored; `content`: its documents are others than before",
    whom: "its owner, and those it is shared with, of whose readings they are told no other way",
  },
  documents: {
    data: documents,
    tells: "how far the reading of a document is: each state, and each tenth of it",
    whom: "the owner of its collection",
  },
  memory: {
    data: z.object({
      id: id.optional(),
      tier: z.string().max(20).optional(),
      version: version.optional(),
      change: z.enum(["learned", "changed", "forgotten"]),
    }),
    tells: "something was learnt, changed or forgotten; without an `id` more than one thing, or everything",
    whom: "its person",
  },
  shares: {
    data: z.object({
      id,
      kind: z.string().max(20),
      resource_id: id,
      owner_id: id,
      user_id: id.nullable(),
      right: z.enum(["read", "write"]),
      change: z.enum(["granted", "changed", "ended"]),
    }),
    tells: "a share was granted, changed or ended, by a membership that ended too",
    whom: "who shares, and with whom; `user_id` is null for every member",
  },
} as const;
export type PublishedTopic = keyof typeof EVENT_TOPICS;

/** Topics of spec 3 that nothing tells of yet. */
const UNTOLD_TOPICS = ["runs", "suggestions", "connections", "devices", "workflows", "billing"] as const;

export const PUBLISHED_TOPICS = Object.keys(EVENT_TOPICS) as [PublishedTopic, ...PublishedTopic[]];
export const EventTopic = z.enum([...PUBLISHED_TOPICS, ...UNTOLD_TOPICS]);
export type EventTopic = z.infer<typeof EventTopic>;

/** As it is announced. What the topic does not have is left out: nothing else gets to anybody. */
export const PublishedEvent = z.discriminatedUnion("topic", [
  z.object({ topic: z.literal("agents"), data: EVENT_TOPICS.agents.data }),
  z.object({ topic: z.literal("chats"), data: EVENT_TOPICS.chats.data }),
  z.object({ topic: z.literal("collections"), data: EVENT_TOPICS.collections.data }),
  z.object({ topic: z.literal("documents"), data: EVENT_TOPICS.documents.data }),
  z.object({ topic: z.literal("memory"), data: EVENT_TOPICS.memory.data }),
  z.object({ topic: z.literal("shares"), data: EVENT_TOPICS.shares.data }),
]);
export type PublishedEvent = z.infer<typeof PublishedEvent>;
