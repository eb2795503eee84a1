import { AppError, isErrorCode } from "../../lib/errors.ts";
import { openRoute, type Route } from "../../platform/routes.ts";
import { ApiDocument } from "./reference/document.ts";
import { errorIndexPage, errorPage } from "./reference/error-pages.ts";
import { referencePage } from "./reference/page.ts";
import { REFERENCE_SCRIPT } from "./reference/script.ts";
import { REFERENCE_STYLE } from "./reference/style.ts";
import * as schema from "./schema.ts";
import { serviceHealth } from "./service.ts";

/** Under the API's base path. */
export const healthRoutes: readonly Route[] = [
  openRoute(
    "GET",
    "/health",
    {
      id: "health",
      tag: "operations",
      summary: "Is the service up?",
      public: true,
      limited: false,
      answer: schema.Health,
    },
    ({ ctx }) => ({ status: "ok" as const, version: ctx.config.version }),
  ),
  openRoute(
    "GET",
    "/health/ping",
    {
      id: "ping",
      tag: "operations",
      summary: "Answer at once",
      description: "Touches nothing but the Worker: for load balancers and for measuring the way to it.",
      public: true,
      limited: false,
      answer: schema.Ping,
    },
    ({ ctx }) => ({ pong: true as const, server_time: new Date(ctx.clock.now()).toISOString() }),
  ),
  openRoute(
    "GET",
    "/health/service_health",
    {
      id: "serviceHealth",
      tag: "operations",
      summary: "Check every part",
      description:
        "Asks the database and whether its migrations are current, the hub, the model server, object storage and the " +
        "queue, all at once. An optional part that fails degrades the service.",
      public: true,
      answer: schema.ServiceHealth,
      variants: { 503: "A required part is down" },
    },
    async ({ ctx }) => {
      const health = await serviceHealth(ctx);
      return health.status === "down" ? Response.json(health, { status: 503 }) : health;
    },
  ),
];

/** The docs, at the root. `document` writes the OpenAPI document of all routes. */
export function referenceRoutes(document: (version: string) => Record<string, unknown>): readonly Route[] {
  return [
    openRoute(
      "GET",
      "/openapi.json",
      { ...docs("openapi", "This document"), media: ["application/json"] },
      ({ ctx }) => Response.json(document(ctx.config.version)),
    ),
    openRoute("GET", "/docs", { ...docs("reference", "The reference page"), media: ["text/html"] }, (call) =>
      page(
        referencePage(ApiDocument.parse(document(call.ctx.config.version)), new URL(call.request.url).origin),
      ),
    ),
    openRoute(
      "GET",
      "/docs/reference.css",
      { ...docs("referenceStyle", "The docs' style"), media: ["text/css"] },
      () => asset(REFERENCE_STYLE, "text/css"),
    ),
    openRoute(
      "GET",
      "/docs/reference.js",
      { ...docs("referenceScript", "The reference page's script"), media: ["text/javascript"] },
      () => asset(REFERENCE_SCRIPT, "text/javascript"),
    ),
    openRoute("GET", "/docs/errors", { ...docs("errors", "All error codes"), media: ["text/html"] }, () =>
      page(errorIndexPage()),
    ),
    openRoute(
      "GET",
      "/docs/errors/{code}",
      {
        ...docs("errorCode", "What an error code means"),
        params: schema.ErrorPage,
        media: ["text/html"],
        errors: ["not_found"],
      },
      ({ params }) => {
        if (!isErrorCode(params.code)) throw new AppError("not_found");
        return page(errorPage(params.code));
      },
    ),
  ];
}

function docs(id: string, summary: string) {
  return { id, tag: "docs", summary, public: true, limited: false } as const;
}

/** Its own style and script, and nothing else in the world. */
const PAGE_CSP = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

function page(markup: string): Response {
  return new Response(markup, {
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": PAGE_CSP },
  });
}

function asset(text: string, type: string): Response {
  return new Response(text, {
    headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "public, max-age=300" },
  });
}
