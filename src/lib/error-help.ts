import type { ErrorCode } from "./errors.ts";

export interface ErrorHelp {
  /** When a caller meets it. */
  when: string;
  /** What the caller can do. */
  remedy: string;
}

/** What the docs say of each code: one entry a code, shown at `/docs/errors/{code}` and in `docs/errors.md`. */
export const ERROR_HELP: Record<ErrorCode, ErrorHelp> = {
  bad_request: {
    when: "The request could not be read: broken JSON, text that is not UTF-8, or a cursor that no list gave.",
    remedy: "Mend the request. Sending it again unchanged gives the same answer.",
  },
  validation_failed: {
    when: "The request was read, but fields are missing or outside their limits.",
    remedy: "Read `errors[]`: each entry has the `path` of a field and what is wrong with it.",
  },
  unauthorized: {
    when: "The request needs an access token and has none, or one that this service did not sign.",
    remedy: "Sign in with `POST /api/v1/auth/login` and send `Authorization: Bearer <access_token>`.",
  },
  token_expired: {
    when: "The access token was good and its 15 minutes are over.",
    remedy: "Get a new pair with `POST /api/v1/auth/refresh` and repeat the request.",
  },
  invalid_credentials: {
    when: "No account has this e-mail address with this password. Which of the two is wrong is not told.",
    remedy: "Ask the person again.",
  },
  refresh_token_invalid: {
    when: "The refresh token is unknown, expired, or its session was ended.",
    remedy: "Sign in again.",
  },
  refresh_token_reused: {
    when:
      "The refresh token had been exchanged already, more than 10 seconds ago or by another client. Somebody may " +
      "have stolen it, so the whole session was ended.",
    remedy:
      "Sign in again. Store each new refresh token before using it, and let one process refresh at a time.",
  },
  session_revoked: {
    when: "The session was ended: by signing out, from the list of sessions, or by an administrator.",
    remedy: "Sign in again.",
  },
  forbidden: {
    when: "The role of the caller in this tenant does not allow the action.",
    remedy:
      "Ask an administrator of the tenant for another role. The reference page names what each route needs.",
  },
  account_disabled: {
    when: "The account or its tenant is disabled, or the person is no longer a member.",
    remedy: "Contact the administrator of the tenant.",
  },
  not_found: {
    when: "Nothing with this id belongs to the caller, or no route has this path. What is another's looks the same.",
    remedy: "Check the id and the path.",
  },
  method_not_allowed: {
    when: "The path exists, the method does not.",
    remedy: "Use one of the methods in the `Allow` header.",
  },
  email_taken: {
    when: "An account with this e-mail address exists.",
    remedy: "Sign in, or register with another address.",
  },
  conflict: {
    when:
      "The state of the resource does not allow the change, or a request with the same `Idempotency-Key` is still " +
      "running.",
    remedy: "Read the resource again. With `Retry-After`, wait that long and repeat the request.",
  },
  busy: {
    when: "Four turns of this user are running.",
    remedy: "Wait until one has ended, or cancel one, and try again.",
  },
  precondition_failed: {
    when: "The resource changed since it was read: its version is not the one in `If-Match`.",
    remedy: "Read it again, apply the change to what it is now, and send the new `ETag`.",
  },
  payload_too_large: {
    when:
      "The body is over 1 MiB, a form over 10 MiB, or a file that is the body over what the service takes (50 MiB " +
      "unless its operator chose otherwise). It was not read to its end.",
    remedy: "Send less at once; a file as the body itself instead of base64 or a form.",
  },
  unsupported_media_type: {
    when: "The body's `Content-Type` is not one that the route reads, or the file is of a kind that nobody reads here.",
    remedy: "Send `Content-Type: application/json`. Of a file the `detail` says what to make of it.",
  },
  upgrade_required: {
    when: "The address speaks WebSocket only and the request is not an upgrade.",
    remedy: "Connect with a WebSocket client and the sub-protocol `adjutant.v3`.",
  },
  idempotency_mismatch: {
    when: "The `Idempotency-Key` was used in the last 24 hours with another path or body.",
    remedy: "Make a new key for each thing you ask for, and repeat a key only with the very same request.",
  },
  rate_limited: {
    when: "Too many requests came from this caller or this address.",
    remedy: "Wait as long as `Retry-After` says. `RateLimit-Policy` names the limit.",
  },
  internal: {
    when: "A fault of the service. Its details are in the service's log, under the request id.",
    remedy: "Try again later. If it stays, report the `request_id`.",
  },
  model_refused: {
    when: "The model's provider declined to answer this request.",
    remedy: "Word it differently. Repeating it unchanged is likely to be declined again.",
  },
  agent_limit_reached: {
    when: "A custom agent used up the tokens or the time that its definition gives it, before it had an answer.",
    remedy: "Ask for less at once, or raise `resource_limits` of the agent.",
  },
  output_invalid: {
    when: "An extractor's model handed in rows that do not fit the agent's schema, and could not mend them when told why; or an agent's model ended without an answer.",
    remedy:
      "Make the schema simpler, say in the agent's prompt what its fields mean, allow it more tool calls, or choose a stronger model.",
  },
  turn_too_large: {
    when: "The turn used up its tokens before it had an answer: too much was read, or too many steps were needed.",
    remedy: "Ask for less at once, in several turns.",
  },
  tool_unavailable: {
    when: "What a tool works with (the web search, the sandbox for code) did not answer, or not in time.",
    remedy: "Try again later. Operators: see the parts of `GET /api/v1/health/service_health`.",
  },
  model_unavailable: {
    when: "The model did not answer, after three further attempts.",
    remedy: "Try again later. Operators: see the part `model` of `GET /api/v1/health/service_health`.",
  },
  database_unavailable: {
    when: "The database did not answer.",
    remedy: "Repeat the request, with an `Idempotency-Key` if it creates something.",
  },
  misconfigured: {
    when: "A setting of the service is missing or wrong, or its database is not migrated.",
    remedy: "Operators: the `detail` and the log name the setting. Callers: nothing to do but wait.",
  },
  device_offline: {
    when: "What was asked for needs one of the user's devices, and none is connected.",
    remedy: "Open the app on a device that holds the data, and try again.",
  },
  timeout: {
    when: "The operation took longer than its limit. A change may have been made all the same.",
    remedy: "Read the state before repeating a change, or repeat it with the same `Idempotency-Key`.",
  },
};
