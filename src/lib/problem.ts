import * as z from "zod";
import { AppError, ERROR_CATALOGUE, type ErrorCode, tellable } from "./errors.ts";

/** The body of every failed answer (RFC 9457), sent as `application/problem+json`. */
export const Problem = z
  .object({
    type: z.string().describe("Path of the page that explains this code"),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().describe("Path of the request that failed"),
    code: z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]),
    request_id: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof Problem>;

/** The page that explains a code. */
export function problemType(code: ErrorCode): string {
  return `/docs/errors/${code}`;
}

/** The answer to a failure, with what its caller may learn of it. */
export function problemResponse(error: unknown, request: { path: string; requestId: string }): Response {
  const known = tellable(error);
  const detail =
    known.code === "internal"
      ? `Report the request id ${request.requestId} if it happens again.`
      : known.detail;
  const problem: Problem = {
    type: problemType(known.code),
    title: ERROR_CATALOGUE[known.code].title,
    status: known.status,
    instance: request.path,
    code: known.code,
    request_id: request.requestId,
    ...(detail === undefined ? {} : { detail }),
    ...(known.errors === undefined ? {} : { errors: known.errors }),
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (known.retryAfterS !== undefined) headers.set("retry-after", String(Math.ceil(known.retryAfterS)));
  if (known.status === 401) headers.set("www-authenticate", 'Bearer realm="adjutant"');
  return new Response(JSON.stringify(problem), { status: known.status, headers });
}

const ISSUES_MAX = 50;

/** Turns a failed parse into `validation_failed`, with paths under `where` (`body`, `query`, `params`). */
export function validationProblem(error: z.ZodError, where: string): AppError {
  const errors = error.issues.slice(0, ISSUES_MAX).map((issue) => ({
    path: [where, ...issue.path.map(String)].join("."),
    message: issue.message,
  }));
  return new AppError("validation_failed", { errors });
}
