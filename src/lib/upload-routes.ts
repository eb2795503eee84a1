/**
 * Routes that take the bytes of a file in place of JSON: as the body itself, which is never held as a whole, or as the
 * field `file` of a form.
 */
import { createHash } from "node:crypto";
import type { z } from "zod";
import { digestIn, verifiedBody } from "./content-digest.ts";
import { AppError } from "./errors.ts";
import { versionsInIfMatch } from "./etag.ts";
import {
  countedBody,
  FORM_BYTES_MAX,
  isJson,
  readBytes,
  refuseDeclaredSize,
  type SizeLimit,
  tooLarge,
} from "./request-body.ts";
import {
  type Call,
  type GuardedContract,
  type Method,
  parseInput,
  type Route,
  routeMakers,
  runOnce,
  toResponse,
  type UploadContract,
} from "./routes.ts";

export interface Upload {
  /** Fails at the byte past the limit with `payload_too_large`, and at its end with `bad_request` if it is not as told. */
  bytes: ReadableStream<Uint8Array>;
  /** How many, where the caller told. */
  size?: number;
  /** The media type, where the caller told. */
  type?: string;
  /** The name of a form's file. */
  name?: string;
}

interface Sent<Fields> {
  fields: Fields;
  upload: Upload;
  /** What an `Idempotency-Key` stands for. */
  fingerprint: Uint8Array;
}

interface Handlers<
  Ctx,
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  A extends z.ZodType,
  F extends z.ZodType,
> {
  json(call: Call<Ctx, z.output<P>, z.output<Q>, z.output<B>>): Promise<z.input<A> | Response>;
  bytes(call: Call<Ctx, z.output<P>, z.output<F>, Upload>): Promise<z.input<A> | Response>;
}

/** The maker of such routes for one application's contexts. */
export function uploadRouteMaker<Ctx, Guest>() {
  const { route } = routeMakers<Ctx, Guest>();

  /**
   * A route for callers with credentials that takes JSON or bytes; the fields beside the bytes are the call's `query`.
   * A file that is the body is gone once it is read: its `Idempotency-Key` stands for its type, length and
   * `Content-Digest`, that of a form for the file too.
   */
  return function uploadRoute<
    P extends z.ZodType,
    Q extends z.ZodType,
    B extends z.ZodType,
    A extends z.ZodType,
    F extends z.ZodType,
  >(
    method: Method,
    path: string,
    contract: GuardedContract<P, Q, B, A> & { upload: UploadContract<F> },
    handlers: Handlers<Ctx, P, Q, B, A, F>,
  ): Route<Ctx, Guest> {
    const inJson = route(method, path, contract, handlers.json);
    return {
      ...inJson,
      async answer(request, host) {
        if (isJson(request)) return inJson.answer(request, host);
        const ctx = await host.member();
        const params = parseInput(contract.params, host.params, "params");
        const ifMatch = versionsInIfMatch(request.headers.get("if-match"));
        const limit = await host.uploadLimit(ctx);
        const { fields, upload, fingerprint } = isForm(request)
          ? await readForm(contract.upload.fields, request, limit)
          : readRaw(contract.upload.fields, request, limit);
        const call = {
          ctx,
          params,
          query: fields,
          body: upload,
          request,
          ifMatch,
          requestId: host.requestId,
        };
        return runOnce(contract, { request, host, ctx, body: fingerprint }, async (newId) =>
          toResponse(contract, await handlers.bytes({ ...call, newId })),
        );
      },
    };
  };
}

/** Of a form, beside the file. */
const FIELDS_BYTES_MAX = 64 * 1024;

function isForm(request: Request): boolean {
  return /^multipart\/form-data\s*;/i.test(request.headers.get("content-type") ?? "");
}

function readRaw<F extends z.ZodType>(
  schema: F,
  request: Request,
  { bytesMax, among }: SizeLimit,
): Sent<z.output<F>> {
  refuseDeclaredSize(request, bytesMax, among);
  const fields = parseInput(schema, Object.fromEntries(new URL(request.url).searchParams), "query");
  if (!request.body) throw new AppError("bad_request", { detail: "The body is empty." });
  const [type, length, digest] = ["content-type", "content-length", "content-digest"].map((name) =>
    request.headers.get(name),
  );
  const bytes = verifiedBody(countedBody(request.body, bytesMax, among), digestIn(digest ?? null));
  return {
    fields,
    upload: { bytes, ...(length && { size: Number(length) }), ...(type && { type }) },
    fingerprint: new TextEncoder().encode(JSON.stringify([type, length, digest])),
  };
}

async function readForm<F extends z.ZodType>(
  schema: F,
  request: Request,
  { bytesMax, among }: SizeLimit,
): Promise<Sent<z.output<F>>> {
  const whole = await readBytes(request, Math.min(FORM_BYTES_MAX, bytesMax + FIELDS_BYTES_MAX), among);
  const type = request.headers.get("content-type") ?? "";
  const form = await new Response(whole, { headers: { "content-type": type } })
    .formData()
    .catch((cause: unknown) => {
      throw new AppError("bad_request", { detail: "The body is not a form as its boundary says.", cause });
    });
  const file = form.get("file");
  if (!(file instanceof File)) {
    throw new AppError("validation_failed", { errors: [{ path: "body.file", message: "is not a file" }] });
  }
  if (file.size > bytesMax) throw tooLarge(bytesMax, among);
  const texts = [...form].filter(([, value]) => typeof value === "string");
  const bytes = await file.bytes();
  const told = JSON.stringify([texts, file.name, file.type]);
  return {
    fields: parseInput(schema, Object.fromEntries(texts), "body"),
    upload: {
      bytes: new Response(bytes).body ?? new ReadableStream(),
      size: bytes.length,
      type: file.type,
      name: file.name,
    },
    fingerprint: new Uint8Array(createHash("sha256").update(`${told.length}:${told}`).update(bytes).digest()),
  };
}
