import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as chats from "./service.ts";

const read = { action: "read", resource: "chats" };
const update = { action: "update", resource: "chats" };

export const messageRoutes: readonly Route[] = [
  route(
    "GET",
    "/chats/{id}/messages",
    {
      id: "listMessages",
      tag: "chats",
      summary: "List a chat's messages",
      policy: read,
      params: schema.ChatId,
      query: schema.ListMessages,
      answer: schema.MessagePage,
      errors: ["bad_request"],
    },
    ({ ctx, params, query }) => chats.listMessages(ctx, params.id, query),
  ),
  route(
    "POST",
    "/chats/{id}/messages",
    {
      id: "addMessage",
      tag: "chats",
      summary: "Add a message",
      description: "Stores it and runs no turn: use `exchange` to have it answered.",
      policy: update,
      params: schema.ChatId,
      body: schema.AddMessage,
      answer: schema.Message,
      status: 201,
      creates: "row",
      versioned: true,
    },
    ({ ctx, params, body, newId }) => chats.addMessage(ctx, params.id, body, newId),
  ),
  route(
    "GET",
    "/messages/{id}",
    {
      id: "getMessage",
      tag: "chats",
      summary: "Read a message",
      policy: read,
      params: schema.MessageId,
      answer: schema.Message,
      versioned: true,
    },
    ({ ctx, params }) => chats.getMessage(ctx, params.id),
  ),
  route(
    "PUT",
    "/messages/{id}",
    {
      id: "updateMessage",
      tag: "chats",
      summary: "Change a message",
      policy: update,
      params: schema.MessageId,
      body: schema.UpdateMessage,
      answer: schema.Message,
      versioned: true,
    },
    ({ ctx, params, body, ifMatch }) => chats.updateMessage(ctx, params.id, body, ifMatch),
  ),
  route(
    "DELETE",
    "/messages/{id}",
    {
      id: "deleteMessage",
      tag: "chats",
      summary: "Delete a message",
      description: "It can be restored for 30 days; then it is erased.",
      policy: update,
      params: schema.MessageId,
      versioned: true,
    },
    ({ ctx, params, ifMatch }) => chats.deleteMessage(ctx, params.id, ifMatch),
  ),
  route(
    "POST",
    "/messages/{id}/restore",
    {
      id: "restoreMessage",
      tag: "chats",
      summary: "Restore a deleted message",
      policy: update,
      params: schema.MessageId,
      answer: schema.Message,
      versioned: true,
    },
    ({ ctx, params }) => chats.restoreMessage(ctx, params.id),
  ),
];
