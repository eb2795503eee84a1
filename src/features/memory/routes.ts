import { type Route, route } from "../../platform/routes.ts";
import * as requests from "./requests.ts";
import * as schema from "./schema.ts";
import * as memory from "./service.ts";

const update = { action: "update", resource: "memory" };
const remove = { action: "delete", resource: "memory" };
const gone =
  "When it is answered, the item is gone from the database, from your hub, its vectors, and what they still owed each other. " +
  "Messages stay in their chats until you delete them there.";
const derived =
  "the summaries of the turns it was learnt in, and those that repeat its words; the habits found in these; open questions about it.";
const late = ["database_unavailable"] as const;

export const memoryRoutes: readonly Route[] = [
  route(
    "GET",
    "/memory",
    {
      id: "listMemory",
      tag: "memory",
      summary: "List what is remembered",
      description:
        "What is current, in the order it was learnt, each with the words it came from; with `q` what fits it best, on one " +
        "page. What a turn taught shows within a minute after its end.",
      policy: { action: "read", resource: "memory" },
      query: requests.ListMemory,
      answer: schema.MemoryPage,
      errors: ["bad_request", "model_unavailable"],
    },
    ({ ctx, query }) => memory.listMemory(ctx, query),
  ),
  route(
    "GET",
    "/memory/export",
    {
      id: "exportMemory",
      tag: "memory",
      summary: "Export what is remembered",
      description: "Everything, with what was superseded or dismissed, 500 items a page.",
      policy: { action: "export", resource: "memory" },
      query: requests.ExportMemory,
      answer: schema.MemoryPage,
      errors: ["bad_request", "session_revoked"],
    },
    ({ ctx, query }) => memory.exportMemory(ctx, query),
  ),
  route(
    "PUT",
    "/memory/core/{key}",
    {
      id: "putCore",
      tag: "memory",
      summary: "Write a fact",
      description: `In place of what was known by this key, which stays as history. There is room for 4 KB of facts, since all go into each turn. With other words than before go ${derived}`,
      policy: update,
      params: requests.CoreKeyParam,
      body: requests.PutCore,
      answer: schema.Memory,
      versioned: true,
      errors: [...late, "conflict"],
    },
    ({ ctx, params, body, ifMatch }) => memory.putCore(ctx, { ...params, ...body }, ifMatch),
  ),
  route(
    "PATCH",
    "/memory/core/{key}",
    {
      id: "editCore",
      tag: "memory",
      summary: "Correct a fact",
      description: `Gives the fact with this id another value, in place of the one it had, which is gone. With it go ${derived}`,
      policy: update,
      params: requests.CoreIdParam,
      body: requests.EditMemory,
      answer: schema.Memory,
      versioned: true,
      errors: [...late, "not_found", "conflict"],
    },
    ({ ctx, params, body, ifMatch }) =>
      memory.editMemory(ctx, { tier: "core", id: params.key }, body, ifMatch),
  ),
  route(
    "DELETE",
    "/memory/core/{key}",
    {
      id: "deleteCore",
      tag: "memory",
      summary: "Forget a fact",
      description: `${gone} With it goes what was known by this key before; what was learnt from the same words of a turn; ${derived}`,
      policy: remove,
      params: requests.CoreKeyParam,
      errors: [...late, "not_found", "session_revoked", "precondition_failed"],
    },
    ({ ctx, params, ifMatch }) => memory.deleteCore(ctx, params.key, ifMatch),
  ),
  route(
    "PATCH",
    "/memory/{tier}/{id}",
    {
      id: "editMemory",
      tag: "memory",
      summary: "Correct an item",
      description: `You vouch for the new words. With the old ones of a statement go ${derived}`,
      policy: update,
      params: requests.MemoryParams,
      body: requests.EditMemory,
      answer: schema.Memory,
      versioned: true,
      errors: late,
    },
    ({ ctx, params, body, ifMatch }) => memory.editMemory(ctx, params, body, ifMatch),
  ),
  route(
    "DELETE",
    "/memory/{tier}/{id}",
    {
      id: "deleteMemory",
      tag: "memory",
      summary: "Forget an item",
      description: `${gone} With a statement goes what it took the place of; what was learnt from the same words of a turn; ${derived} With a summary go the habits found in it. A habit is not found again.`,
      policy: remove,
      params: requests.MemoryParams,
      errors: [...late, "not_found", "session_revoked", "precondition_failed"],
    },
    ({ ctx, params, ifMatch }) => memory.deleteMemory(ctx, params, ifMatch),
  ),
  route(
    "POST",
    "/memory/proactive/{id}/dismiss",
    {
      id: "dismissPattern",
      tag: "memory",
      summary: "Never suggest a pattern again",
      policy: update,
      params: requests.PatternParams,
      answer: schema.Memory,
      errors: [...late, "not_found"],
    },
    ({ ctx, params }) => memory.dismissPattern(ctx, params.id),
  ),
  route(
    "DELETE",
    "/memory",
    {
      id: "deleteAllMemory",
      tag: "memory",
      summary: "Forget everything",
      description:
        "Facts, statements, episodes and patterns, with their history. When it is answered, nothing is left.",
      policy: remove,
      errors: [...late, "session_revoked"],
    },
    ({ ctx }) => memory.deleteAllMemory(ctx),
  ),
];
