/**
 * Routes as data: a contract, the policy it needs and one call of a service verb. The router serves them and the
 * OpenAPI document is written from them, so that a route outside the document cannot exist.
 */
import * as z from "zod";
import type { ErrorCode } from "./errors.ts";
import { etagOf, versionsInIfMatch } from "./etag.ts";
import { validationProblem } from "./problem.ts";
import { readJson, type SizeLimit } from "./request-body.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What the caller's role must allow. It is declared here for the document and asked in the service verb. */
export interface Policy {
  action: string;
  resource: string;
}

interface Contract<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  /** The operation's id: the verb it calls, unique over all routes. */
  id: string;
  tag: string;
  summary: string;
  description?: string;
  params?: Params;
  query?: Query;
  body?: Body;
  /** The JSON answer; without one the route answers 204. What it does not name is stripped from the answer. */
  answer?: Answer;
  /** Status of the answer; 200 unless told. */
  status?: 200 | 201 | 202;
  /** Other statuses that carry the same answer, with what each means. The handler answers them with a `Response`. */
  variants?: Readonly<Record<number, string>>;
  /** Media types that the handler may answer with a `Response` of its own. */
  media?: readonly string[];
  /**
   * What the request makes: `Idempotency-Key` is honoured. A turn may be asked for again while it runs, for the hub
   * resumes it; what makes a row runs once at a time.
   */
  creates?: "row" | "turn";
  /** The answer has a `version`: sent as `ETag`, and changes honour `If-Match`. */
  versioned?: boolean;
  /** It takes the bytes of a file as well: see `upload-routes.ts`. */
  upload?: UploadContract;
  /** Codes beyond those that every route of its kind can answer. */
  errors?: readonly ErrorCode[];
}

/** What may come in place of JSON. */
export interface UploadContract<Fields extends z.ZodType = z.ZodType> {
  /** Beside the bytes: in the query of the address, or as fields of a form. */
  fields: Fields;
  /** Media types that the document names; others are taken too. */
  media: readonly string[];
}

export type GuardedContract<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> = Contract<Params, Query, Body, Answer> & { policy: Policy };

export type OpenContract<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> = Contract<Params, Query, Body, Answer> & {
  public: true;
  /** Limited by the caller's address unless false. */
  limited?: boolean;
};

/** A request after validation, as a handler sees it. */
export interface Call<Ctx, Params, Query, Body> {
  ctx: Ctx;
  params: Params;
  query: Query;
  body: Body;
  request: Request;
  requestId: string;
  /** The id for what this request makes: the same each time an `Idempotency-Key` is repeated. */
  newId: string;
  /** Versions named by `If-Match`; undefined when the caller does not mind. */
  ifMatch: readonly number[] | undefined;
}

/** What the application lends each request. `Guest` is the context of a caller without credentials. */
export interface Host<Ctx, Guest> {
  requestId: string;
  params: Record<string, string>;
  /** Throws `unauthorized` and its kin. */
  member(): Promise<Ctx>;
  guest(): Promise<Guest>;
  /** Throws `rate_limited`. */
  limitByAddress(): Promise<void>;
  /** Runs `run` at most once for a key and the same request, and answers its repetitions. */
  once(ctx: Ctx, request: OnceRequest, run: (newId: string) => Promise<Response>): Promise<Response>;
  newId(): string;
  /** Names a turn after its request where that is safe, so that the logs of both can be read together. */
  newTurnId(): string;
  /** How large a file of this caller's may be. */
  uploadLimit(ctx: Ctx): Promise<SizeLimit>;
}

export interface OnceRequest {
  key: string;
  /** Method and path. */
  operation: string;
  body: Uint8Array;
  /** It may run again while it runs: the same `newId` takes up the same work. */
  resumable: boolean;
}

export type AnyContract = Contract<z.ZodType, z.ZodType, z.ZodType, z.ZodType> & {
  policy?: Policy;
  public?: true;
  limited?: boolean;
};

export interface Route<Ctx, Guest> {
  method: Method;
  /** With `{name}` segments, as in the document. */
  path: string;
  contract: AnyContract;
  answer(request: Request, host: Host<Ctx, Guest>): Promise<Response>;
}

type Handler<Ctx, P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType> = (
  call: Call<Ctx, z.output<P>, z.output<Q>, z.output<B>>,
) => Promise<z.input<A> | Response> | z.input<A> | Response;

/** The two makers of routes for one application's contexts. */
export function routeMakers<Ctx, Guest>() {
  /** A route for callers with credentials. */
  function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
    method: Method,
    path: string,
    contract: GuardedContract<P, Q, B, A>,
    handler: Handler<Ctx, P, Q, B, A>,
  ): Route<Ctx, Guest> {
    return {
      method,
      path,
      contract,
      async answer(request, host) {
        const ctx = await host.member();
        const input = await readInput(contract, request, host.params);
        const run = async (newId: string) =>
          toResponse(contract, await handler({ ...input, ctx, request, newId, requestId: host.requestId }));
        return runOnce(contract, { request, host, ctx, body: input.bytes }, run);
      },
    };
  }

  /** A route for anybody. */
  function openRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
    method: Method,
    path: string,
    contract: OpenContract<P, Q, B, A>,
    handler: Handler<Guest, P, Q, B, A>,
  ): Route<Ctx, Guest> {
    return {
      method,
      path,
      contract,
      async answer(request, host) {
        if (contract.limited !== false) await host.limitByAddress();
        const ctx = await host.guest();
        const input = await readInput(contract, request, host.params);
        const { requestId } = host;
        return toResponse(
          contract,
          await handler({ ...input, ctx, request, requestId, newId: host.newId() }),
        );
      },
    };
  }

  return { route, openRoute };
}

/** At most once for an `Idempotency-Key`, where the contract honours one. `body` is what the key stands for. */
export function runOnce<Ctx, Guest>(
  { creates }: AnyContract,
  { request, host, ctx, body }: { request: Request; host: Host<Ctx, Guest>; ctx: Ctx; body: Uint8Array },
  run: (newId: string) => Promise<Response>,
): Promise<Response> {
  const key = creates ? request.headers.get("idempotency-key") : null;
  if (key === null) return run(creates === "turn" ? host.newTurnId() : host.newId());
  const { pathname, search } = new URL(request.url);
  const operation = `${request.method} ${pathname}${search}`;
  return host.once(ctx, { key, operation, body, resumable: creates === "turn" }, run);
}

const NO_BYTES = new Uint8Array();

async function readInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  contract: Contract<P, Q, B, A>,
  request: Request,
  pathParams: Record<string, string>,
) {
  const params = parseInput(contract.params, pathParams, "params");
  const query = parseInput(contract.query, Object.fromEntries(new URL(request.url).searchParams), "query");
  const raw = contract.body ? await readJson(request) : { bytes: NO_BYTES, value: undefined };
  const body = parseInput(contract.body, raw.value, "body");
  const ifMatch = versionsInIfMatch(request.headers.get("if-match"));
  return { params, query, body, ifMatch, bytes: raw.bytes };
}

/** Throws `validation_failed`, with paths under `where`. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema | undefined,
  value: unknown,
  where: string,
): z.output<Schema> {
  // Without a schema the handler's input has type unknown, so nothing unchecked can be read from it.
  if (!schema) return undefined as z.output<Schema>;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationProblem(parsed.error, where);
  return parsed.data;
}

const Versioned = z.object({ version: z.int() });

/** What a verb answered, checked against the contract. */
export function toResponse(contract: AnyContract, value: unknown): Response {
  if (value instanceof Response) return value;
  if (!contract.answer) return new Response(null, { status: 204 });
  const body = contract.answer.parse(value);
  const headers = new Headers({ "content-type": "application/json", "cache-control": "no-store" });
  if (contract.versioned) headers.set("etag", etagOf(Versioned.parse(value).version));
  return new Response(JSON.stringify(body), { status: contract.status ?? 200, headers });
}
