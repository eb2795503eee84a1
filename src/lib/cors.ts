import { cors } from "hono/cors";

const ALLOWED_HEADERS = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "last-event-id",
  "traceparent",
  "x-request-id",
];
const EXPOSED_HEADERS = [
  "etag",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "traceparent",
  "www-authenticate",
  "x-request-id",
];
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Lets browsers call from the origins that match. Credentials travel in a header, never in cookies, so a page elsewhere
 * gains nothing by sending a request; without a match it cannot read the answer either.
 */
export function allowOrigins(patterns: readonly string[]) {
  return cors({
    origin: (origin) => (patterns.some((pattern) => matchesOrigin(pattern, origin)) ? origin : null),
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ALLOWED_HEADERS,
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
}

/** A pattern is an origin, an origin with `:*` for any port, or a scheme such as `app://` for all of its origins. */
export function matchesOrigin(pattern: string, origin: string): boolean {
  if (pattern.endsWith("://")) return origin.startsWith(pattern);
  if (!pattern.endsWith(":*")) return origin === pattern;
  const base = pattern.slice(0, -2);
  return (
    origin === base || (origin.startsWith(`${base}:`) && /^\d{1,5}$/.test(origin.slice(base.length + 1)))
  );
}
