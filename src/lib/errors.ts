/** The closed catalogue of error codes: every failure a caller can see has one entry here and one page in the docs. */
export const ERROR_CATALOGUE = {
  bad_request: { status: 400, title: "The request cannot be understood" },
  validation_failed: { status: 422, title: "Some fields are not valid" },
  unauthorized: { status: 401, title: "Sign in first" },
  token_expired: { status: 401, title: "The access token has expired" },
  invalid_credentials: { status: 401, title: "The e-mail address or the password is wrong" },
  refresh_token_invalid: { status: 401, title: "The refresh token is not valid" },
  refresh_token_reused: { status: 401, title: "The refresh token was used before; the session is ended" },
  session_revoked: { status: 401, title: "The session has ended" },
  forbidden: { status: 403, title: "Your role does not allow this" },
  account_disabled: { status: 403, title: "The account is disabled" },
  not_found: { status: 404, title: "There is no such thing here" },
  method_not_allowed: { status: 405, title: "This method is not offered here" },
  email_taken: { status: 409, title: "An account with this e-mail address exists" },
  conflict: { status: 409, title: "The state of the resource does not allow this" },
  busy: { status: 429, title: "Too many turns are running" },
  precondition_failed: { status: 412, title: "The resource changed in the meantime" },
  payload_too_large: { status: 413, title: "The request is too large" },
  unsupported_media_type: { status: 415, title: "This content type is not accepted" },
  upgrade_required: { status: 426, title: "This address speaks WebSocket only" },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used with another request" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong on our side" },
  model_refused: { status: 422, title: "The model declined to answer" },
  agent_limit_reached: { status: 422, title: "The agent reached one of its limits" },
  output_invalid: { status: 502, title: "The model answered in another form than the one asked for" },
  turn_too_large: { status: 422, title: "The request needs more than one turn can hold" },
  tool_unavailable: { status: 502, title: "A service that a tool works with cannot be reached" },
  model_unavailable: { status: 502, title: "The model cannot be reached" },
  database_unavailable: { status: 503, title: "The database cannot be reached" },
  misconfigured: { status: 503, title: "The service is not configured correctly" },
  device_offline: { status: 503, title: "No device is online" },
  timeout: { status: 504, title: "The operation took too long" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code);
}

/** One invalid field, as it appears in `errors[]` of a problem document. */
export interface FieldProblem {
  path: string;
  message: string;
}

export interface AppErrorOptions {
  /** A sentence for the caller. Never holds content, credentials or internals. */
  detail?: string;
  cause?: unknown;
  errors?: FieldProblem[];
  /** Seconds the caller should wait, sent as `Retry-After`. */
  retryAfterS?: number;
}

/** A failure with a code from the catalogue; the only error type whose words reach a caller. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly errors: FieldProblem[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.detail ?? ERROR_CATALOGUE[code].title, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.errors = options.errors;
    this.retryAfterS = options.retryAfterS;
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}

/** What a caller may learn of a failure: of one that is ours, no more than that it happened. */
export function tellable(error: unknown): AppError {
  return error instanceof AppError && error.code !== "internal" ? error : new AppError("internal");
}
