/** What has an agent answer, and the record of what that asked of devices. */
import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as chats from "./service.ts";
import { answerTurn, executeAgent } from "./turn-door.ts";

const startTurn = { action: "start", resource: "turns" };
const turnErrors = ["busy", "model_unavailable", "session_revoked", "timeout"] as const;
const turnNotes =
  "Answers JSON, or with `Accept: text/event-stream` the turn's frames as they come, each with `gen.seq` as its id. A " +
  "connected device does the tool calls; without one the assistant says so. A caller that leaves does not stop the " +
  "turn: repeat the request with the same `Idempotency-Key` to take it up again, and with `Last-Event-ID` from there.";

export const turnRoutes: readonly Route[] = [
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
];
