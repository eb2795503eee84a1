/** `Content-Digest` (RFC 9530): what a caller says the bytes of a body are. Of its algorithms SHA-256 is understood. */
import { createHash } from "node:crypto";
import { AppError } from "./errors.ts";

const SHA_256 = /(?:^|,)\s*sha-256=([^,]*)/i;
const BYTES = /^:([A-Za-z0-9+/]{43}=):\s*(?:;|$)/;

/** In base64; null where there is none. Throws `bad_request` for one that cannot be read. */
export function digestIn(header: string | null): string | null {
  const value = SHA_256.exec(header ?? "")?.[1];
  if (value === undefined) return null;
  const digest = BYTES.exec(value)?.[1];
  if (digest === undefined) {
    throw new AppError("bad_request", {
      detail: "Content-Digest is not `sha-256=:<base64 of 32 bytes>:`.",
    });
  }
  return digest;
}

/** Passes a body on, and fails at its end with `bad_request` when its SHA-256 is another. */
export function verifiedBody(
  body: ReadableStream<Uint8Array>,
  digest: string | null,
): ReadableStream<Uint8Array> {
  if (digest === null) return body;
  const hash = createHash("sha256");
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        hash.update(chunk);
        controller.enqueue(chunk);
      },
      flush() {
        if (hash.digest("base64") === digest) return;
        throw new AppError("bad_request", {
          detail: "The bytes that arrived are not those of Content-Digest.",
        });
      },
    }),
  );
}
