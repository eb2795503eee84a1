import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as chats from "./service.ts";
import { answerTurn, executeAgent } from "./turn-door.ts";

const read = { action: "read", resource: "chats" };
const update = { action: "update", resource: "chats" };
const startTurn = { action: "start", resource: "turns" };
const turnErrors = ["busy", "model_unavailable", "session_revoked", "timeout"] as const;
const turnNotes =
  "Answers JSON, or with `Accept: text/event-stream` the turn's frames as they come, each with `gen.seq` as its id. A " +
  "connected device does the tool calls; without one the assistant says so. A caller that leaves does not stop the " +
  "turn: repeat the request with the same `Idempotency-Key` to take it up again, and with `Last-Event-ID` from there.";

export const chatRoutes: readonly Route[] = [
  route(
    "POST",
    "/chat",
    {
      id: "chat",
      tag: "chat",
      summary: "Ask the assistant",
      description: turnNotes,
      policy: startTurn,
      body: schema.ChatRequest,
      answer: schema.TurnAnswer,
      media: ["text/event-stream"],
      creates: "turn",
      errors: [...turnErrors, "not_found"],
    },
    ({ ctx, body, newId, request }) => answerTurn(ctx, { ...body, requestId: newId }, request),
  ),
  route(
    "POST",
    "/messages/{chat_id}/exchange",
    {
      id: "exchange",
      tag: "chat",
      summary: "Ask the assistant in a chat",
      description: turnNotes,
      policy: startTurn,
      params: schema.ExchangeChatId,
      body: schema.ExchangeRequest,
      answer: schema.TurnAnswer,
      media: ["text/event-stream"],
      creates: "turn",
      errors: turnErrors,
    },
    ({ ctx, params, body, newId, request }) =>
      answerTurn(ctx, { ...body, chat_id: params.chat_id, requestId: newId }, request),
  ),
  route(
    "POST",
    "/agents/{id}/execute",
    {
      id: "executeAgent",
      tag: "agents",
      summary: "Have an agent answer",
      description: `A turn that the agent answers in place of the assistant, within its limits. ${turnNotes} What would need the person's approval is refused, and the agent says so.`,
      policy: startTurn,
      params: schema.ExecuteAgentId,
      body: schema.ExecuteRequest,
      answer: schema.ExecuteAnswer,
      media: ["text/event-stream"],
      creates: "turn",
      errors: [
        ...turnErrors,
        "not_found",
        "conflict",
        "agent_limit_reached",
        "model_refused",
        "output_invalid",
      ],
    },
    ({ ctx, params, body: { input, ...body }, newId, request }) =>
      executeAgent(ctx, { ...body, message: input, agentId: params.id, requestId: newId }, request),
  ),
  route(
    "GET",
    "/tool-executions",
    {
      id: "listExecutions",
      tag: "chat",
      summary: "List tool calls",
      description:
        "What turns asked of your devices, the newest first, within a minute after the turn's end and for 30 days. What " +
        "was asked and answered is kept enveloped, cut to some pages, and answered with `include=payloads`.",
      policy: { action: "read", resource: "tool_executions" },
      query: schema.ListExecutions,
      answer: schema.ToolExecutionPage,
      errors: ["bad_request"],
    },
    ({ ctx, query }) => chats.listExecutions(ctx, query),
  ),
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
