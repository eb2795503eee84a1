import { readBounded } from "./bounded-stream.ts";
import { AppError } from "./errors.ts";
import { isTooDeep, JSON_LEVELS_MAX } from "./json.ts";

/** Bytes of a JSON body. */
export const JSON_BYTES_MAX = 1024 * 1024;
/** Bytes of a form: it is read as a whole, and a Worker has 128 MB for all its requests. */
export const FORM_BYTES_MAX = 10 * 1024 * 1024;

/** How much is taken. */
export interface SizeLimit {
  bytesMax: number;
  /** Of whom, to go behind a number: `in the tier free`. */
  among?: string;
}

/** Reads a JSON body, at most `bytesMax`. The raw bytes come along for fingerprints. */
export async function readJson(
  request: Request,
  bytesMax: number = JSON_BYTES_MAX,
): Promise<{ bytes: Uint8Array; value: unknown }> {
  if (!isJson(request)) {
    throw new AppError("unsupported_media_type", { detail: "Send the body as application/json." });
  }
  const bytes = await readBytes(request, bytesMax);
  const value = parse(bytes);
  if (isTooDeep(value)) {
    throw new AppError("bad_request", {
      detail: `The body is nested more than ${JSON_LEVELS_MAX} levels deep.`,
    });
  }
  return { bytes, value };
}

/** Whether the body is said to be JSON. */
export function isJson(request: Request): boolean {
  const type = request.headers.get("content-type") ?? "";
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trim());
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    throw new AppError("bad_request", { detail: "The body is not valid JSON in UTF-8.", cause });
  }
}

/** Reads a body, and stops at the first byte past `bytesMax` with `payload_too_large`. */
export async function readBytes(request: Request, bytesMax: number, among?: string): Promise<Uint8Array> {
  refuseDeclaredSize(request, bytesMax, among);
  const bytes = await readBounded(request, bytesMax);
  if (bytes === null) throw tooLarge(bytesMax, among);
  return bytes;
}

/** Throws `payload_too_large` when the declared length is over the limit, before a byte of the body is read. */
export function refuseDeclaredSize(request: Request, bytesMax: number, among?: string): void {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax, among);
}

/**
 * A stream that passes at most `bytesMax` on and then fails with `payload_too_large`: for bodies that come in chunks,
 * without a declared length.
 */
export function countedBody(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  among?: string,
): ReadableStream<Uint8Array> {
  let size = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > bytesMax) throw tooLarge(bytesMax, among);
        controller.enqueue(chunk);
      },
    }),
  );
}

export function tooLarge(bytesMax: number, among = ""): AppError {
  const words = ["At most", bytesMax, "bytes are accepted", among].filter(Boolean).join(" ");
  return new AppError("payload_too_large", { detail: `${words}.` });
}
