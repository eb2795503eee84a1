import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./query-schema.ts";
import * as knowledge from "./service.ts";

const onQueries = (action: string) => ({ action, resource: "knowledge_queries" });

export const queryRoutes: readonly Route[] = [
  route(
    "POST",
    "/rag/query",
    {
      id: "queryKnowledge",
      tag: "knowledge",
      summary: "Ask a question",
      description:
        "Answered from the collections alone, with numbered citations that point to what was read. When they do not hold " +
        "the answer, `answered` is false and the answer says so, in the language of the question where it can be told. " +
        "With `Accept: text/event-stream` it comes as it is written: `delta` `{text}`; `reset` when the model began anew " +
        "and what came before does not count; then `citations` `{citations}` and `end` with the rest of the answer; or " +
        "`error` `{code, message, request_id}`. A caller that leaves ends it. Question and sources are kept encrypted " +
        "for 30 days.",
      policy: onQueries("ask"),
      body: schema.QueryRequest,
      answer: schema.QueryAnswer,
      media: ["text/event-stream"],
      errors: ["not_found", "model_unavailable", "model_refused", "session_revoked", "timeout"],
    },
    ({ ctx, body, newId, request }) => knowledge.answerQuery(ctx, body, { id: newId, request }),
  ),
  route(
    "GET",
    "/rag/queries",
    {
      id: "listQueries",
      tag: "knowledge",
      summary: "List your questions",
      description: "Of the last 30 days, the newest first, with the sources that each was answered from.",
      policy: onQueries("read"),
      query: schema.ListQueries,
      answer: schema.LoggedQueryPage,
      errors: ["bad_request"],
    },
    ({ ctx, query }) => knowledge.listQueries(ctx, query),
  ),
  route(
    "DELETE",
    "/rag/queries",
    {
      id: "deleteQueries",
      tag: "knowledge",
      summary: "Delete your questions",
      description: "All of them, gone for good before the answer.",
      policy: onQueries("delete"),
      errors: ["session_revoked"],
    },
    ({ ctx }) => knowledge.deleteQueries(ctx),
  ),
  route(
    "DELETE",
    "/rag/queries/{id}",
    {
      id: "deleteQuery",
      tag: "knowledge",
      summary: "Delete a question",
      description: "Gone for good before the answer.",
      policy: onQueries("delete"),
      params: schema.QueryId,
      errors: ["session_revoked"],
    },
    ({ ctx, params }) => knowledge.deleteQuery(ctx, params.id),
  ),
];
