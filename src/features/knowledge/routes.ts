import { type Route, route } from "../../platform/routes.ts";
import { collectionRoutes } from "./collection-routes.ts";
import { documentRoutes } from "./document-routes.ts";
import { queryRoutes } from "./query-routes.ts";
import { RankedSearch } from "./query-schema.ts";
import * as schema from "./schema.ts";
import * as knowledge from "./service.ts";

export const knowledgeRoutes: readonly Route[] = [
  ...collectionRoutes,
  ...documentRoutes,
  route(
    "POST",
    "/rag/search",
    {
      id: "searchKnowledge",
      tag: "knowledge",
      summary: "Search a collection",
      description:
        "By words and by meaning together. What is at rest is encrypted: words are found by keyed hashes. What was searched " +
        "for and found is kept encrypted for 30 days; see `GET /rag/queries`.",
      policy: { action: "search", resource: "collections" },
      body: RankedSearch,
      answer: schema.SearchAnswer,
      errors: ["not_found", "model_unavailable"],
    },
    ({ ctx, body, newId }) => knowledge.searchCollection(ctx, body, newId),
  ),
  ...queryRoutes,
];
