import { createHash, randomFillSync } from "node:crypto";
import * as z from "zod";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A random, time-ordered id (UUIDv7, RFC 9562 section 5.7). */
export function newId(nowMs: number = Date.now()): string {
  const bytes = randomFillSync(new Uint8Array(16));
  let time = nowMs;
  for (let index = 5; index >= 0; index--) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return formatUuid(bytes);
}

/**
 * An id computed from its parts (UUIDv8, SHA-256): the same parts always give the same id, in any process.
 * Parts are length-prefixed, so that no two lists of parts run into each other.
 */
export function derivedId(...parts: (string | number)[]): string {
  let text = "";
  for (const part of parts.map(String)) text += `${part.length}:${part};`;
  const bytes = new Uint8Array(createHash("sha256").update(text).digest().subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return formatUuid(bytes);
}

/** An id as a caller wrote it, in the one form under which rows are sealed, hubs are told and sockets are found. */
export const Uuid = z.uuid().toLowerCase();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

function formatUuid(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-";
    text += HEX[bytes[index]!];
  }
  return text;
}
