/** Bytes to text: by byte order mark, else UTF-8, else what the document says of itself, else by what comes out. */
import { DocumentProblem } from "./document.ts";
import { guessEncoding, isEscapedJapanese } from "./encodings.ts";

export interface DecodedText {
  text: string;
  /** Bytes that are no character of the encoding; each stands as U+FFFD. */
  unreadable: number;
  /** The encoding, where it was guessed and is not the usual one. */
  guessed?: string;
}

const PROBE_BYTES = 4_096;
/** A text has next to none of these; other data has many. */
const CONTROL_SHARE_MAX = 0.02;
/** Above this share of what is not ASCII, the encoding is another. */
const UNREADABLE_SHARE_MAX = 0.1;

/** @param declared An encoding that somebody named; believed only where the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array, declared?: string): DecodedText {
  const wide = wideEncodingOf(bytes);
  if (wide) return { text: new TextDecoder(wide).decode(bytes), unreadable: 0 };
  if (hasControls(bytes)) {
    throw new DocumentProblem("unsupported", "This file is neither text nor a format that can be read.");
  }
  if (isEscapedJapanese(bytes)) return { text: new TextDecoder("iso-2022-jp").decode(bytes), unreadable: 0 };
  const text = new TextDecoder().decode(bytes);
  const unreadable = count(text, "\ufffd");
  if (unreadable === 0 || unreadable <= foreignBytes(bytes) * UNREADABLE_SHARE_MAX)
    return { text, unreadable };
  const decoder = decoderFor(declared);
  if (decoder) return { text: decoder.decode(bytes), unreadable: 0 };
  const guessed = guessEncoding(bytes);
  const isUsual = guessed === "windows-1252";
  return { text: new TextDecoder(guessed).decode(bytes), unreadable: 0, ...(!isUsual && { guessed }) };
}

/** UTF-16 by its mark, or by every other byte of its beginning being zero. */
function wideEncodingOf(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  const probe = bytes.subarray(0, PROBE_BYTES);
  for (const [index, byte] of probe.entries()) if (byte === 0) zeros[index % 2]!++;
  const half = probe.length / 2;
  if (half < 2) return null;
  if (zeros[1]! > half * 0.7 && zeros[0]! < half * 0.05) return "utf-16le";
  return zeros[0]! > half * 0.7 && zeros[1]! < half * 0.05 ? "utf-16be" : null;
}

function hasControls(bytes: Uint8Array): boolean {
  let controls = 0;
  const probe = bytes.subarray(0, PROBE_BYTES);
  for (const byte of probe) if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) controls++;
  return controls > Math.max(2, probe.length * CONTROL_SHARE_MAX);
}

/** Null where nobody named one that there is, and that it can be. */
function decoderFor(declared: string | undefined): TextDecoder | null {
  if (!declared) return null;
  try {
    const decoder = new TextDecoder(declared.trim());
    return decoder.encoding === "utf-8" ? null : decoder;
  } catch {
    return null;
  }
}

function foreignBytes(bytes: Uint8Array): number {
  let foreign = 0;
  for (const byte of bytes) if (byte > 127) foreign++;
  return foreign;
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) found++;
  return found;
}
