/** The HTTP application: middleware in order, then one mount per feature. */
import { type Context, Hono } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import { API_INFO } from "./api-document.ts";
import { authRoutes, wellKnownRoutes } from "./features/auth/routes.ts";
import { usageRoutes } from "./features/billing/routes.ts";
import { chatRoutes } from "./features/chat/routes.ts";
import { customAgentRoutes } from "./features/custom-agents/routes.ts";
import { ownedAgent } from "./features/custom-agents/service.ts";
import { hubRoutes } from "./features/hub/routes.ts";
import { knowledgeRoutes } from "./features/knowledge/routes.ts";
import { knowledgeUsage, ownedCollection } from "./features/knowledge/service.ts";
import { memoryRoutes } from "./features/memory/routes.ts";
import { healthRoutes, referenceRoutes } from "./features/operations/routes.ts";
import { shareRoutes } from "./features/sharing/routes.ts";
import { storageRoutes } from "./features/storage/routes.ts";
import { allowOrigins } from "./lib/cors.ts";
import { AppError } from "./lib/errors.ts";
import { answerError, identifyRequest, limitBody, logRequests, secureHeaders } from "./lib/http.ts";
import { log } from "./lib/logger.ts";
import { openApiDocument } from "./lib/openapi.ts";
import { isJson, JSON_BYTES_MAX } from "./lib/request-body.ts";
import { serveRoutes } from "./lib/router.ts";
import { readEnv } from "./platform/env.ts";
import type { Route } from "./platform/routes.ts";
import { type AppEnv, hostOf } from "./request-host.ts";

const API = "/api/v1";

/** Of the routers the one that takes our paths; by default the first request of an isolate would try another in vain. */
export const app = new Hono<AppEnv>({ router: new TrieRouter() });

app.use(identifyRequest(log));
app.use(secureHeaders);
app.use(logRequests);
app.use((c: Context<AppEnv>, next) => allowOrigins(readEnv(c.env).config.corsOrigins)(c, next));
app.use((c: Context<AppEnv>, next) => limitBody(bodyBytesMax(c))(c, next));
app.onError(answerError);
app.notFound(() => {
  throw new AppError("not_found", { detail: "No route has this path." });
});

/** What is no JSON is a file for a route that takes one, and for others nothing that they read. */
function bodyBytesMax(c: Context<AppEnv>): number {
  return isJson(c.req.raw) ? JSON_BYTES_MAX : readEnv(c.env).config.uploads.bytesMaxOfAll;
}

/** Every route there is, by where it is mounted. */
const ROUTES: Readonly<Record<string, readonly Route[]>> = {
  [API]: [
    ...authRoutes,
    ...hubRoutes,
    ...storageRoutes,
    ...memoryRoutes,
    ...knowledgeRoutes,
    ...shareRoutes({ collection: ownedCollection, agent: ownedAgent }),
    ...customAgentRoutes,
    ...chatRoutes,
    ...usageRoutes([knowledgeUsage]),
    ...healthRoutes,
  ],
  "": [...wellKnownRoutes, ...referenceRoutes(apiDocument)],
};

for (const [prefix, routes] of Object.entries(ROUTES)) serveRoutes(app, prefix, routes, hostOf);

let written: { version: string; document: Record<string, unknown> } | undefined;

/** Written when it is first asked for: at start it would cost every isolate some milliseconds. */
export function apiDocument(version: string): Record<string, unknown> {
  if (written?.version !== version) {
    const routes = Object.entries(ROUTES).flatMap(([prefix, mounted]) =>
      mounted.map((route) => ({ ...route, path: prefix + route.path })),
    );
    written = { version, document: openApiDocument({ ...API_INFO, version }, routes) };
  }
  return written.document;
}
