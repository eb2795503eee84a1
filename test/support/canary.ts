/** Canaries: random words sent through every feature, and every form they could be found in at rest (spec 1, privacy). */
import { randomBytes } from "node:crypto";

/** The word that is searched for: long enough never to occur by chance. */
export function newCanary(): string {
  return `cnry${randomBytes(12).toString("hex")}`;
}

/** The canary in a text with characters that encoders treat differently. */
export function disguised(canary: string): string {
  return `“${canary}” é\\ "q" \n${canary}`;
}

interface Form {
  name: string;
  bytes: Buffer;
}

/** Plain, base64 at each alignment, hexadecimal, UTF-16 and JSON-escaped. Letters and digits only, so base64 has one alphabet. */
export function formsOf(canary: string): Form[] {
  const plain = Buffer.from(canary, "utf8");
  const utf16 = Buffer.from(canary, "utf16le");
  const escaped = [...canary].map((char) => `\\u00${char.charCodeAt(0).toString(16)}`).join("");
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), plain]).toString("base64");
    // Characters that also depend on the neighbours are left out at both ends.
    return Buffer.from(encoded.slice(4, -4));
  });
  return [
    { name: "plain", bytes: plain },
    { name: "upper case", bytes: Buffer.from(canary.toUpperCase()) },
    { name: "hex", bytes: Buffer.from(plain.toString("hex")) },
    { name: "upper-case hex", bytes: Buffer.from(plain.toString("hex").toUpperCase()) },
    { name: "UTF-16 LE", bytes: utf16 },
    { name: "UTF-16 BE", bytes: Buffer.from(utf16).swap16() },
    { name: "JSON-escaped", bytes: Buffer.from(escaped) },
    ...base64.map((bytes, offset) => ({ name: `base64 at ${offset}`, bytes })),
  ];
}

/** One place where something rests. */
export interface Resting {
  place: string;
  bytes: Buffer;
}

/** Where a canary was found, as `canary: form in place`. */
export function findCanaries(canaries: Record<string, string>, resting: readonly Resting[]): string[] {
  const found: string[] = [];
  for (const [name, canary] of Object.entries(canaries)) {
    for (const form of formsOf(canary)) {
      for (const { place, bytes } of resting) {
        if (bytes.includes(form.bytes)) found.push(`${name}: ${form.name} in ${place}`);
      }
    }
  }
  return found;
}
