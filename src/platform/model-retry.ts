/** When a failed model call is worth repeating, and how long to wait before. Pure. */

export const MAX_RETRIES = 3;
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
/** A provider that asks for a longer wait than this is not waited for: the turn ends and says how long it would be. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** One failed attempt, in our words: `reason` goes to status frames, `detail` to the person. */
export interface AttemptFailure {
  reason:
    | "rate_limited"
    | "overloaded"
    | "server_error"
    | "connection"
    | "timeout"
    | "cut_stream"
    | "rejected";
  retriable: boolean;
  detail: string;
  /** What the provider asked to wait. */
  retryAfterMs?: number | undefined;
  /** For the log: status, error type and request id of the provider. */
  trace: string;
}

const BUSY = "The model service is busy. Try again in a moment.";
const FAILING = "The model service has a problem. Try again in a moment.";
const UNREACHABLE = "The model service cannot be reached. Try again in a moment.";
const SLOW = "The model service did not answer in time. Try again in a moment.";

/** Milliseconds to wait before repeat number `attempt` (1 is the first), or null when it should not be repeated. */
export function planRetry(failure: AttemptFailure, attempt: number, random: () => number): number | null {
  if (!failure.retriable || attempt > MAX_RETRIES) return null;
  const ceiling = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 1));
  // Full jitter: clients that failed together do not come back together.
  const jitter = Math.round(random() * ceiling);
  if (failure.retryAfterMs === undefined) return jitter;
  if (failure.retryAfterMs > MAX_RETRY_AFTER_MS) return null;
  return failure.retryAfterMs + Math.min(jitter, BASE_DELAY_MS);
}

/** What `retry-after-ms` or `retry-after` (seconds or a date) asks for; undefined when absent, unreadable or past. */
export function readRetryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const exact = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (exact >= 0) return exact;
  const value = headers.get("retry-after")?.trim() ?? "";
  const wait = /^\d+(\.\d+)?$/.test(value) ? Number.parseFloat(value) * 1000 : Date.parse(value) - nowMs;
  return wait >= 0 ? wait : undefined;
}

/** A failure that came as an HTTP status. `shouldRetry` is the provider's own advice, which wins. */
export function failureOfStatus(
  status: number,
  info: { retryAfterMs?: number | undefined; shouldRetry?: string | null; trace: string },
): AttemptFailure {
  const { retryAfterMs, trace } = info;
  const advised = (own: boolean) => (info.shouldRetry ? info.shouldRetry === "true" : own);
  if (status === 429) {
    return { reason: "rate_limited", retriable: advised(true), detail: BUSY, retryAfterMs, trace };
  }
  if (status === 529) {
    return { reason: "overloaded", retriable: advised(true), detail: BUSY, retryAfterMs, trace };
  }
  if (status >= 500 || status === 408) {
    return { reason: "server_error", retriable: advised(true), detail: FAILING, retryAfterMs, trace };
  }
  return { reason: "rejected", retriable: advised(false), detail: rejection(status), retryAfterMs, trace };
}

/** A failure that came inside the stream, as an `error` event. */
export function failureOfErrorType(type: string): AttemptFailure {
  const trace = `error event ${plainWord(type)}`;
  switch (type) {
    case "malformed_stream":
      return { reason: "cut_stream", retriable: true, detail: FAILING, trace };
    case "overloaded_error":
      return { reason: "overloaded", retriable: true, detail: BUSY, trace };
    case "rate_limit_error":
      return { reason: "rate_limited", retriable: true, detail: BUSY, trace };
    case "invalid_request_error":
      return failureOfStatus(400, { trace });
    case "authentication_error":
    case "permission_error":
    case "billing_error":
      return failureOfStatus(403, { trace });
    case "not_found_error":
      return failureOfStatus(404, { trace });
    case "request_too_large":
      return failureOfStatus(413, { trace });
    default:
      return { reason: "server_error", retriable: true, detail: FAILING, trace };
  }
}

/** The connection was refused or lost, fell silent for too long, or closed before the response was complete. */
export function failureOfTransport(reason: "connection" | "timeout" | "cut_stream"): AttemptFailure {
  const detail = { connection: UNREACHABLE, timeout: SLOW, cut_stream: FAILING }[reason];
  return { reason, retriable: true, detail, trace: reason };
}

/** For the log: a word of the provider's, or "unknown" where it might hold anything a person wrote. */
export function plainWord(word: string | null | undefined): string {
  return word && /^[\w-]{1,80}$/.test(word) ? word : "unknown";
}

function rejection(status: number): string {
  switch (status) {
    case 401:
    case 402:
    case 403:
      return "The model service refuses this service's credentials or account.";
    case 404:
      return "The configured model does not exist at the model service.";
    case 413:
      return "The request is too large for the model service.";
    default:
      return "The model service does not accept the request.";
  }
}
