import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as storage from "./service.ts";

export const storageRoutes: readonly Route[] = [
  route(
    "POST",
    "/storage/vectors/embed",
    {
      id: "embed",
      tag: "storage",
      summary: "Compute the vector of a text",
      description: "For the device's own vector store. Nothing is stored, neither the text nor the vector.",
      policy: { action: "create", resource: "embeddings" },
      body: schema.EmbedRequest,
      answer: schema.Embedding,
      errors: ["model_unavailable"],
    },
    ({ ctx, body }) => storage.embed(ctx, body),
  ),
];
