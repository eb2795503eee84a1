import { type Route, route } from "../../platform/routes.ts";
import { messageRoutes } from "./message-routes.ts";
import * as schema from "./schema.ts";
import * as chats from "./service.ts";
import { turnRoutes } from "./turn-routes.ts";

const read = { action: "read", resource: "chats" };
const update = { action: "update", resource: "chats" };

export const chatRoutes: readonly Route[] = [
  ...turnRoutes,
  route(
    "GET",
    "/chats",
    {
      id: "listChats",
      tag: "chats",
      summary: "List chats",
      description:
        "The one with the newest message first; with `q` the one that fits best. Any of the words will do, and whole " +
        "words only: the index holds keyed hashes of them.",
      policy: read,
      query: schema.ListChats,
      answer: schema.ChatPage,
      errors: ["bad_request"],
    },
    ({ ctx, query }) => chats.listChats(ctx, query),
  ),
  route(
    "POST",
    "/chats",
    {
      id: "createChat",
      tag: "chats",
      summary: "Make a chat",
      policy: { action: "create", resource: "chats" },
      body: schema.CreateChat,
      answer: schema.Chat,
      status: 201,
      creates: "row",
      versioned: true,
    },
    ({ ctx, body, newId }) => chats.createChat(ctx, body, newId),
  ),
  route(
    "GET",
    "/chats/{id}",
    {
      id: "getChat",
      tag: "chats",
      summary: "Read a chat",
      policy: read,
      params: schema.ChatId,
      answer: schema.Chat,
      versioned: true,
    },
    ({ ctx, params }) => chats.getChat(ctx, params.id),
  ),
  route(
    "PUT",
    "/chats/{id}",
    {
      id: "updateChat",
      tag: "chats",
      summary: "Rename a chat",
      policy: update,
      params: schema.ChatId,
      body: schema.UpdateChat,
      answer: schema.Chat,
      versioned: true,
    },
    ({ ctx, params, body, ifMatch }) => chats.updateChat(ctx, params.id, body, ifMatch),
  ),
  route(
    "DELETE",
    "/chats/{id}",
    {
      id: "deleteChat",
      tag: "chats",
      summary: "Delete a chat",
      description: "It can be restored for 30 days, with its messages; then it is erased.",
      policy: { action: "delete", resource: "chats" },
      params: schema.ChatId,
      versioned: true,
    },
    ({ ctx, params, ifMatch }) => chats.deleteChat(ctx, params.id, ifMatch),
  ),
  route(
    "POST",
    "/chats/{id}/restore",
    {
      id: "restoreChat",
      tag: "chats",
      summary: "Restore a deleted chat",
      policy: update,
      params: schema.ChatId,
      answer: schema.Chat,
      versioned: true,
    },
    ({ ctx, params }) => chats.restoreChat(ctx, params.id),
  ),
  ...messageRoutes,
];
