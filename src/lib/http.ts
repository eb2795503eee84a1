/** The middleware every request passes, in the order `app.ts` lists it. Knows nothing of features. */
import type { MiddlewareHandler } from "hono";
import { AppError, ERROR_CATALOGUE } from "./errors.ts";
import { isUuid, newId } from "./ids.ts";
import type { Logger } from "./logger.ts";
import { problemResponse } from "./problem.ts";
import { countedBody, refuseDeclaredSize } from "./request-body.ts";
import { continueTrace, type Trace } from "./trace.ts";

export interface ShellVariables {
  requestId: string;
  trace: Trace;
  log: Logger;
  /** Sent with the answer, whether it is one of a handler or a problem. */
  answerHeaders: Record<string, string>;
  /** The route's path as the document spells it; absent until a route is found. */
  route?: string;
}

type Shell = MiddlewareHandler<{ Variables: ShellVariables }>;

/** Names the request: takes a caller's `X-Request-Id` if it is a UUID, continues its `traceparent`, answers both. */
export function identifyRequest(log: Logger): Shell {
  return async (c, next) => {
    const given = c.req.header("x-request-id");
    const requestId = given && isUuid(given) ? given.toLowerCase() : newId();
    const trace = continueTrace(c.req.header("traceparent"));
    c.set("answerHeaders", {});
    c.set("requestId", requestId);
    c.set("trace", trace);
    c.set("log", log.with({ request_id: requestId, trace_id: trace.traceId }));
    await next();
    setHeaders(c, { ...c.var.answerHeaders, "x-request-id": requestId, traceparent: trace.traceparent });
  };
}

/** One line a request, with the route's pattern in place of its path. */
export const logRequests: Shell = async (c, next) => {
  const startMs = Date.now();
  await next();
  c.var.log.info({
    event: "request.ended",
    method: c.req.method,
    route: c.var.route ?? null,
    status: c.res.status,
    duration_ms: Date.now() - startMs,
  });
};

const API_CSP = "default-src 'none'; frame-ancestors 'none'";

/** Headers that a browser enforces. A page that needs more than nothing sets its own policy. */
export const secureHeaders: Shell = async (c, next) => {
  await next();
  setHeaders(c, {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "content-security-policy": c.res.headers.get("content-security-policy") ?? API_CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
  });
};

/** Refuses a body over `bytesMax`: by its declared length before it is read, else at the byte that passes the limit. */
export function limitBody(bytesMax: number): MiddlewareHandler {
  return async (c, next) => {
    refuseDeclaredSize(c.req.raw, bytesMax);
    const { body } = c.req.raw;
    if (body && !c.req.header("content-length")) {
      // Node insists on `duplex` for a body that is a stream; the Workers runtime does not know it.
      const counted = { body: countedBody(body, bytesMax), duplex: "half" };
      c.req.raw = new Request(c.req.raw, counted);
    }
    await next();
  };
}

/** Turns every failure into a problem document; what is not an `AppError` is told to the log only. */
export function answerError(error: unknown, c: ErrorContext): Response {
  const status = error instanceof AppError ? error.status : ERROR_CATALOGUE.internal.status;
  if (status >= 500) {
    // Settings by name: what an operator must mend is listed nowhere else.
    const faults = error instanceof AppError && error.code === "misconfigured" ? error.errors : undefined;
    const wrong = faults?.map(({ path, message }) => `${path}: ${message}`);
    c.var.log.error({ event: "request.failed", status, route: c.var.route ?? null, wrong }, error);
  }
  return problemResponse(error, { path: c.req.path, requestId: c.var.requestId });
}

interface ErrorContext {
  req: { path: string };
  var: ShellVariables;
}

/** A WebSocket's opening answer belongs to the runtime and cannot be changed. */
function setHeaders(
  c: { res: Response; header(name: string, value: string): void },
  headers: Record<string, string>,
) {
  if (c.res.status === 101) return;
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
