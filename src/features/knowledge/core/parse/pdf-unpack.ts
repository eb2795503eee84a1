/** How large the streams of a PDF become when its filters are undone, without ever making more than is allowed of them. */
import { constants, inflateRawSync } from "node:zlib";
import { inflateDamaged } from "./pdf-inflate.ts";
import { isTooLarge } from "./zip.ts";

/** Deflate cannot pack better, and no other filter of text packs nearly as well. */
export const RATIO_MAX = 1_032;
const RUN_LENGTH_RATIO_MAX = 64;

type Result = Uint8Array | "too_large" | "unknown";
type Step = (bytes: Uint8Array, bytesMax: number, rest: Uint8Array) => Result;

/** By their names in PDF and the short forms of these. */
const STEPS: Readonly<Record<string, Step>> = {
  FlateDecode: inflate,
  Fl: inflate,
  LZWDecode: measureLzw,
  LZW: measureLzw,
  RunLengthDecode: measureRuns,
  RL: measureRuns,
  ASCII85Decode: decodeAscii85,
  A85: decodeAscii85,
  ASCIIHexDecode: decodeHex,
  AHx: decodeHex,
};

/**
 * Undoes the filters of a stream. `rest` is the file from where the stream begins: data that is not over where its end is
 * said to be goes on there.
 */
export function unpackStream(
  packed: Uint8Array,
  filters: readonly string[],
  bytesMax: number,
  rest: Uint8Array,
): { bytes: Uint8Array } | "too_large" | "unknown" {
  let bytes = packed;
  // Names can be written so that they are not recognised; the data itself cannot.
  const isKnown = filters.length > 0 && filters.every((filter) => STEPS[filter]);
  const steps = isKnown || !looksDeflated(packed) ? filters : ["FlateDecode"];
  for (const [index, filter] of steps.entries()) {
    const result = STEPS[filter]?.(bytes, bytesMax, index === 0 ? rest : bytes) ?? "unknown";
    if (typeof result === "string") return result;
    bytes = result;
  }
  return bytes.length <= bytesMax ? { bytes } : "too_large";
}

function looksDeflated([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 15) === 8 && (first * 256 + second) % 31 === 0;
}

/** Past the header and without the checksum, which readers of PDF do not look at either. */
function inflate(bytes: Uint8Array, bytesMax: number, rest: Uint8Array): Result {
  const attempt = (input: Uint8Array, finishFlush?: number): Result => {
    try {
      const options = { maxOutputLength: bytesMax, ...(finishFlush !== undefined && { finishFlush }) };
      return inflateRawSync(input.subarray(2), options);
    } catch (cause) {
      return isTooLarge(cause) ? "too_large" : "unknown";
    }
  };
  let result = attempt(bytes);
  if (result === "unknown") result = attempt(rest, constants.Z_SYNC_FLUSH);
  if (result !== "unknown" || bytes.length * RATIO_MAX > bytesMax) return result;
  return inflateDamaged(bytes.subarray(2), bytesMax) ?? "too_large";
}

/** Runs are measured by their bound, and what they hold is not looked into. */
function measureRuns(bytes: Uint8Array, bytesMax: number): Uint8Array | "too_large" {
  return bytes.length * RUN_LENGTH_RATIO_MAX > bytesMax ? "too_large" : new Uint8Array(bytes.length * 2);
}

const LZW_CLEAR = 256;
const LZW_END = 257;
const LZW_CODES_MAX = 4_096;

/** Adds up what each code stands for; the bytes themselves are not made. */
function measureLzw(bytes: Uint8Array, bytesMax: number): Uint8Array | "too_large" {
  const lengths = new Uint16Array(LZW_CODES_MAX).fill(1);
  let [next, width, previous, size, buffer, bits] = [258, 9, 0, 0, 0, 0];
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffffff;
    bits += 8;
    if (bits < width) continue;
    bits -= width;
    const code = (buffer >>> bits) & ((1 << width) - 1);
    if (code === LZW_END) break;
    if (code === LZW_CLEAR) {
      [next, width, previous] = [258, 9, 0];
      continue;
    }
    const length = code < next ? lengths[code]! : previous + 1;
    if (previous > 0 && next < LZW_CODES_MAX) lengths[next++] = previous + 1;
    // Both habits of when the codes grow fit: one code more or less hardly changes the sum.
    width = next >= 2_047 ? 12 : next >= 1_023 ? 11 : next >= 511 ? 10 : 9;
    previous = length;
    size += length;
    if (size > bytesMax) return "too_large";
  }
  return new Uint8Array(size);
}

function decodeAscii85(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length * 4);
  let [length, count, value] = [0, 0, 0];
  for (const byte of bytes) {
    if (byte === 0x7e) break;
    if (byte === 0x7a && count === 0) {
      length += 4;
      continue;
    }
    if (byte < 0x21 || byte > 0x75) continue;
    value = value * 85 + (byte - 0x21);
    if (++count < 5) continue;
    for (let shift = 24; shift >= 0; shift -= 8) result[length++] = Math.floor(value / 2 ** shift) & 255;
    [count, value] = [0, 0];
  }
  if (count > 1) {
    for (let missing = count; missing < 5; missing++) value = value * 85 + 84;
    for (let index = 0; index < count - 1; index++)
      result[length++] = Math.floor(value / 2 ** (24 - 8 * index)) & 255;
  }
  return result.subarray(0, length);
}

function decodeHex(bytes: Uint8Array): Uint8Array {
  const digits = new TextDecoder("windows-1252")
    .decode(bytes)
    .split(">", 1)[0]!
    .replace(/[^0-9a-f]/gi, "");
  const result = new Uint8Array(Math.ceil(digits.length / 2));
  for (let index = 0; index < result.length; index++) {
    result[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2).padEnd(2, "0"), 16);
  }
  return result;
}
