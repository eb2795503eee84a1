/** Documents built by hand, small and monstrous: archives, PDFs and mails as their formats are written down. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32, deflateRawSync, deflateSync } from "node:zlib";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface ZipFile {
  name: string;
  content: Uint8Array;
  /** What the archive says of its size, if that is a lie. */
  declaredBytes?: number;
}

/** `isLong`: its numbers stand in fields of 64 bits, as large archives have them (ZIP64). */
export function zipOf(files: readonly ZipFile[], { isLong = false } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, declaredBytes = content.length } of files) {
    const packed = deflateRawSync(content);
    const nameBytes = Buffer.from(name);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(declaredBytes, 24);
    entry.writeUInt16LE(nameBytes.length, 28);
    entry.writeUInt32LE(offset, 42);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    entry.copy(header, 4, 6, 32);
    parts.push(header, nameBytes, packed);
    const extra = Buffer.alloc(isLong ? 28 : 0);
    if (isLong) {
      for (const at of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, at);
      entry.writeUInt16LE(extra.length, 30);
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      for (const [index, value] of [declaredBytes, packed.length, offset].entries())
        extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
    }
    directory.push(entry, nameBytes, extra);
    offset += header.length + nameBytes.length + packed.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(isLong ? 0xffff : files.length, 8);
  end.writeUInt16LE(isLong ? 0xffff : files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(isLong ? 0xffffffff : offset, 16);
  const long = isLong ? longEnd(files.length, entries.length, offset) : Buffer.alloc(0);
  return new Uint8Array(Buffer.concat([...parts, entries, long, end]));
}

function longEnd(count: number, directoryBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  for (const [at, value] of [
    [24, count],
    [32, count],
    [40, directoryBytes],
    [48, offset],
  ] as const)
    end.writeBigUInt64LE(BigInt(value), at);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + directoryBytes), 64);
  return end;
}

const WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/** `body`: what stands in `w:body`. `parts`: further files by name. */
export function docxOf(body: string, parts: Readonly<Record<string, string>> = {}): Uint8Array {
  const main = `<?xml version="1.0"?><w:document xmlns:w="${WORD}"><w:body>${body}</w:body></w:document>`;
  const files = { "[Content_Types].xml": "<Types/>", "word/document.xml": main, ...parts };
  return zipOf(Object.entries(files).map(([name, text]) => ({ name, content: utf8(text) })));
}

export function wordParagraph(text: string, style = ""): string {
  const properties = style && `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`;
  return `<w:p>${properties}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;
}

export interface PdfStreamOptions {
  /** More of the dictionary. */
  dictionary?: string;
  /** As in `/Filter`; the content is packed for FlateDecode alone. */
  filter?: string;
}

export function pdfStream(
  content: string | Uint8Array,
  { dictionary = "", filter = "/FlateDecode" }: PdfStreamOptions = {},
): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  const packed = filter === "/FlateDecode" ? deflateSync(bytes) : bytes;
  const filters = filter && `/Filter ${filter}`;
  const head = `<< ${dictionary} /Length ${packed.length} ${filters} >>\nstream\n`;
  return Buffer.concat([Buffer.from(head), packed, Buffer.from("\nendstream")]);
}

/** Objects by number; 1 is the catalogue. `trailer`: more of it. */
export function pdfFile(objects: ReadonlyMap<number, string | Uint8Array>, trailer = ""): Uint8Array {
  const parts = [Buffer.from("%PDF-1.7\n")];
  const offsets = new Map<number, number>();
  let length = parts[0]!.length;
  for (const [number, body] of objects) {
    offsets.set(number, length);
    const object = Buffer.concat([
      Buffer.from(`${number} 0 obj\n`),
      Buffer.from(body),
      Buffer.from("\nendobj\n"),
    ]);
    parts.push(object);
    length += object.length;
  }
  const size = Math.max(...offsets.keys()) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const offset = offsets.get(number);
    return offset === undefined ? "0000000000 65535 f " : `${String(offset).padStart(10, "0")} 00000 n `;
  });
  parts.push(Buffer.from(`xref\n0 ${size}\n${rows.join("\n")}\n`));
  parts.push(Buffer.from(`trailer << /Size ${size} /Root 1 0 R ${trailer} >>\nstartxref\n${length}\n%%EOF`));
  return new Uint8Array(Buffer.concat(parts));
}

export const pdfText = (text: string, size = 12, y = 700): string =>
  `BT /F1 ${size} Tf 72 ${y} Td (${text}) Tj ET\n`;

/** One page for each content, a stream or references to some. `resources`: beside the font. */
export function pdfOf(
  pages: readonly (string | Buffer)[],
  {
    resources = "",
    more = [],
  }: { resources?: string; more?: readonly (readonly [number, string | Buffer])[] } = {},
): Uint8Array {
  const first = 1_000;
  const kids = pages.map((_, index) => `${first + 2 * index} 0 R`).join(" ");
  const objects = new Map<number, string | Uint8Array>([
    [1, "<< /Type /Catalog /Pages 2 0 R >>"],
    [2, `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`],
    [4, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"],
    ...more,
  ]);
  for (const [index, content] of pages.entries()) {
    const number = first + 2 * index;
    const contents = typeof content === "string" ? content : `${number + 1} 0 R`;
    objects.set(
      number,
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${contents} /Resources << /Font << /F1 4 0 R >> ${resources} >> >>`,
    );
    if (typeof content !== "string") objects.set(number + 1, content);
  }
  return pdfFile(objects);
}

/** A message within a message, and so on; the innermost is at `depth`. */
export function nestedMail(depth: number): string {
  let mail = "Subject: the innermost\nFrom: a@example.com\n\ninnermost words\n";
  for (let level = depth - 1; level >= 0; level--) {
    const border = `border-${level}`;
    const parts = [
      `Content-Type: text/plain\n\nwords at ${level}`,
      `Content-Type: message/rfc822\n\n${mail}`,
    ];
    mail = [
      `Subject: level ${level}\nFrom: a@example.com\nMIME-Version: 1.0`,
      `Content-Type: multipart/mixed; boundary="${border}"\n`,
      ...parts.map((part) => `--${border}\n${part}`),
      `--${border}--\n`,
    ].join("\n");
  }
  return mail;
}

const PASSWORD_PADDING = Buffer.from(
  "28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a",
  "hex",
);

/** One page of text, sealed as PDF 1.1 did: RC4 with 40 bits. An empty password opens for everybody. */
export function protectedPdf(content: string, password: string): Uint8Array {
  const padded = Buffer.concat([Buffer.from(password), PASSWORD_PADDING]).subarray(0, 32);
  const md5 = (...parts: Uint8Array[]) => createHash("md5").update(Buffer.concat(parts)).digest();
  const owner = rc4(md5(PASSWORD_PADDING).subarray(0, 5), padded);
  const id = Buffer.alloc(16, 7);
  const key = md5(padded, owner, Buffer.from([0xfc, 0xff, 0xff, 0xff]), id).subarray(0, 5);
  const packed = deflateSync(Buffer.from(content, "latin1"));
  const sealed = rc4(md5(key, Buffer.from([5, 0, 0, 0, 0])).subarray(0, 10), packed);
  const hex = (bytes: Uint8Array) => `<${Buffer.from(bytes).toString("hex")}>`;
  const objects = new Map<number, string | Uint8Array>([
    [1, "<< /Type /Catalog /Pages 2 0 R >>"],
    [2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"],
    [
      3,
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
    ],
    [4, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"],
    [5, pdfSealedStream(sealed)],
    [6, `<< /Filter /Standard /V 1 /R 2 /P -4 /O ${hex(owner)} /U ${hex(rc4(key, PASSWORD_PADDING))} >>`],
  ]);
  return pdfFile(objects, `/Encrypt 6 0 R /ID [${hex(id)} ${hex(id)}]`);
}

function pdfSealedStream(sealed: Uint8Array): Buffer {
  const head = Buffer.from(`<< /Length ${sealed.length} /Filter /FlateDecode >>\nstream\n`);
  return Buffer.concat([head, sealed, Buffer.from("\nendstream")]);
}

function rc4(key: Uint8Array, input: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const swap = (one: number, other: number) => {
    [state[one], state[other]] = [state[other]!, state[one]!];
  };
  for (let at = 0, other = 0; at < 256; at++) {
    other = (other + state[at]! + key[at % key.length]!) & 255;
    swap(at, other);
  }
  let [at, other] = [0, 0];
  return Buffer.from(
    input.map((byte) => {
      at = (at + 1) & 255;
      other = (other + state[at]!) & 255;
      swap(at, other);
      return byte ^ state[(state[at]! + state[other]!) & 255]!;
    }),
  );
}
