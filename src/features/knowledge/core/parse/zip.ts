/**
 * The files of a ZIP archive, none of them larger than allowed: what an archive says of itself is checked first, then
 * what really comes out (format: PKWARE's APPNOTE, without encryption).
 */
import { inflateRawSync } from "node:zlib";
import { DocumentProblem, megabytes, type ParseLimits } from "./document.ts";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const FILE_SIGNATURE = 0x04034b50;
const LONG_END_SIGNATURE = 0x06064b50;
const LONG_LOCATOR_SIGNATURE = 0x07064b50;
const LONG_LOCATOR_BYTES = 20;
const LONG_EXTRA = 1;
/** Of what is written elsewhere, in 64 bits. */
const [LONG_16, LONG_32] = [0xffff, 0xffffffff];
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;

interface Entry {
  method: number;
  flags: number;
  packedBytes: number;
  unpackedBytes: number;
  offset: number;
  /** Another file has its name: which of them counts, each reader decides for itself. */
  isDouble: boolean;
}

export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, Entry>();
  /** All files read together. */
  #bytesLeft: number;
  readonly #bytesMax: number;

  /** Throws `DocumentProblem` if the directory is damaged or too long. */
  constructor(
    bytes: Uint8Array,
    { unpackedBytesMax, entriesMax }: Pick<ParseLimits, "unpackedBytesMax" | "entriesMax">,
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytesMax = unpackedBytesMax;
    this.#bytesLeft = unpackedBytesMax;
    this.#readDirectory(entriesMax);
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Upper and lower case are one. Null where there is no such file. Throws `DocumentProblem` if it is too large, damaged or encrypted. */
  read(name: string): Uint8Array | null {
    const entry = this.#entries.get(keyOf(name));
    if (!entry) return null;
    if (entry.isDouble) throw damaged();
    if (entry.flags & ENCRYPTED) {
      throw new DocumentProblem("protected", "This document is protected by a password and cannot be read.");
    }
    if (entry.unpackedBytes > this.#bytesLeft) throw this.#tooLarge();
    const content = this.#unpack(entry);
    this.#bytesLeft -= content.length;
    return content;
  }

  #unpack({ method, packedBytes, offset }: Entry): Uint8Array {
    if (this.#uint32(offset) !== FILE_SIGNATURE) throw damaged();
    const start = offset + 30 + this.#uint16(offset + 26) + this.#uint16(offset + 28);
    if (start + packedBytes > this.#bytes.length) throw damaged();
    const packed = this.#bytes.subarray(start, start + packedBytes);
    if (method === STORED && packedBytes <= this.#bytesLeft) return packed;
    if (method === STORED) throw this.#tooLarge();
    if (method !== DEFLATED) throw damaged();
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(1, this.#bytesLeft) });
    } catch (cause) {
      if (isTooLarge(cause)) throw this.#tooLarge();
      throw damaged(cause);
    }
  }

  #readDirectory(entriesMax: number): void {
    const { count, offset } = this.#endRecord();
    if (count > entriesMax) {
      throw new DocumentProblem("too_large", `This document holds more than ${entriesMax} files.`);
    }
    let at = offset;
    for (let index = 0; index < count; index++) {
      if (this.#uint32(at) !== ENTRY_SIGNATURE) throw damaged();
      const nameBytes = this.#uint16(at + 28);
      const extraBytes = this.#uint16(at + 30);
      const key = keyOf(new TextDecoder().decode(this.#bytes.subarray(at + 46, at + 46 + nameBytes)));
      const [unpackedBytes, packedBytes, start] = this.#long(
        [this.#uint32(at + 24), this.#uint32(at + 20), this.#uint32(at + 42)],
        at + 46 + nameBytes,
        extraBytes,
      );
      this.#entries.set(key, {
        flags: this.#uint16(at + 8),
        method: this.#uint16(at + 10),
        packedBytes: packedBytes!,
        unpackedBytes: unpackedBytes!,
        offset: start!,
        isDouble: this.#entries.has(key),
      });
      at += 46 + nameBytes + extraBytes + this.#uint16(at + 32);
    }
  }

  /** Numbers that have no room in 32 bits stand one after another in a field of their own. */
  #long(numbers: readonly number[], extraAt: number, extraBytes: number): number[] {
    if (!numbers.includes(LONG_32)) return [...numbers];
    let at = extraAt;
    while (at < extraAt + extraBytes && this.#uint16(at) !== LONG_EXTRA) at += 4 + this.#uint16(at + 2);
    at += 4;
    return numbers.map((number) => {
      if (number !== LONG_32) return number;
      at += 8;
      return this.#uint64(at - 8);
    });
  }

  #endRecord(): { count: number; offset: number } {
    const last = this.#bytes.length - END_BYTES;
    for (let at = last; at >= Math.max(0, last - COMMENT_BYTES_MAX); at--) {
      if (this.#uint32(at) !== END_SIGNATURE) continue;
      const [count, offset] = [this.#uint16(at + 10), this.#uint32(at + 16)];
      if (count !== LONG_16 && offset !== LONG_32) return { count, offset };
      const locator = at - LONG_LOCATOR_BYTES;
      if (locator < 0 || this.#uint32(locator) !== LONG_LOCATOR_SIGNATURE) return { count, offset };
      const long = this.#uint64(locator + 8);
      if (this.#uint32(long) !== LONG_END_SIGNATURE) throw damaged();
      return { count: this.#uint64(long + 32), offset: this.#uint64(long + 48) };
    }
    throw damaged();
  }

  #uint16(at: number): number {
    if (at + 2 > this.#bytes.length) throw damaged();
    return this.#view.getUint16(at, true);
  }

  #uint32(at: number): number {
    if (at + 4 > this.#bytes.length) throw damaged();
    return this.#view.getUint32(at, true);
  }

  #uint64(at: number): number {
    return this.#uint32(at) + this.#uint32(at + 4) * 2 ** 32;
  }

  #tooLarge(): DocumentProblem {
    const size = megabytes(this.#bytesMax);
    return new DocumentProblem(
      "too_large",
      `Unpacked, this document is larger than the ${size} that can be read.`,
    );
  }
}

function keyOf(name: string): string {
  return name.replaceAll("\\", "/").replace(/^\//, "").toLowerCase();
}

/** Whether inflating stopped at `maxOutputLength`. */
export function isTooLarge(cause: unknown): boolean {
  return (
    cause instanceof RangeError ||
    (cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE")
  );
}

function damaged(cause?: unknown): DocumentProblem {
  return new DocumentProblem("unreadable", "This document is damaged and cannot be unpacked.", cause);
}
