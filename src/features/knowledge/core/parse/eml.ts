/** A mail with what it carries: attachments and messages within are documents of their own, read the same way. */
import PostalMime, { type Address, type Attachment, type Email } from "postal-mime";
import { DocumentBuilder } from "./builder.ts";
import { decodeText } from "./decode.ts";
import { DocumentProblem } from "./document.ts";
import { windows1252BytesOf } from "./encodings.ts";
import { readHtml } from "./html.ts";
import { readText } from "./text.ts";

/** Reads one carried document into the builder; throws `DocumentProblem` where it cannot. */
export type ReadCarried = (bytes: Uint8Array, claim: { type: string; name?: string }) => Promise<void>;

const PARTS_DEPTH_MAX = 64;
const HEADERS_BYTES_MAX = 1024 * 1024;
const ADDRESSES_MAX = 50;
/**
 * The parser makes some objects for each line, and looks through all borders of parts at each that begins with dashes.
 * Attachments are long lines without spaces, so that the others are counted apart.
 */
const LINES_MAX = { all: 350_000, text: 50_000, border: 20_000 };
const ENCODED_CHARS_MIN = 60;
const [LINE_FEED, RETURN, SPACE, DASH] = [10, 13, 32, 45];

export async function readEml(
  source: Uint8Array,
  builder: DocumentBuilder,
  readCarried: ReadCarried,
): Promise<void> {
  // Lines that end as those of old Macs are none to the parser.
  const bytes = source.includes(LINE_FEED)
    ? source
    : source.map((byte) => (byte === RETURN ? LINE_FEED : byte));
  if (hasTooManyLines(bytes)) {
    throw new DocumentProblem("too_large", "This message has more lines or parts than can be read.");
  }
  const mail = await readable(bytes);
  builder.title ??= mail.subject;
  builder.add("heading", mail.subject ?? "", { level: 1 });
  builder.add("paragraph", headersOf(mail));
  if (wordsOf(mail).includes(UNREADABLE)) builder.cut("Some letters of the message could not be read.");
  const isWhole = Boolean(mail.html ?? mail.text) || mail.attachments.length > 0;
  if (isWhole) readBody(mail, builder);
  else readDamaged(bytes, builder);
  for (const attachment of withoutCopies(mail.attachments)) {
    await readAttachment(attachment, builder, readCarried);
  }
}

/** Two readings of a larger one have no room. */
const SECOND_TRY_BYTES_MAX = 5 * 1024 * 1024;
const UNREADABLE = "\ufffd";

/** Letters of a message that does not say how they are encoded are read as what they are likely to be. */
async function readable(bytes: Uint8Array): Promise<Email> {
  const mail = await parsed(bytes);
  const isReadable = !wordsOf(mail).includes(UNREADABLE) || bytes.length > SECOND_TRY_BYTES_MAX;
  if (isReadable) return withoutMistakes(mail);
  const { text } = decodeText(bytes);
  const other = await parsed(new TextEncoder().encode(text));
  return withoutMistakes(wordsOf(other).includes(UNREADABLE) ? mail : other);
}

function wordsOf({ subject = "", text = "", html = "" }: Email): string {
  return subject + text + html;
}

function withoutMistakes(mail: Email): Email {
  const { text, html } = mail;
  return { ...mail, ...(text && { text: asUtf8(text) }), ...(html && { html: asUtf8(html) }) };
}

/** A text that was UTF-8 and taken for Latin letters, as wrong labels have it: nobody writes such a text. */
function asUtf8(text: string): string {
  if (!/[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]/.test(text)) return text;
  const bytes = windows1252BytesOf(text);
  try {
    return bytes ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes) : text;
  } catch {
    return text;
  }
}

/** What no part could be found in. Files that are packed in it say nothing. */
function readDamaged(bytes: Uint8Array, builder: DocumentBuilder): void {
  const { text } = decodeText(bytes);
  const body = text.replace(/^[\s\S]*?\r?\n\r?\n/, "").replace(/^(?:[\w+/=]{60,}\r?\n)+/gm, "");
  if (body === text || body.trim() === "") return;
  builder.cut("The message is damaged; what is in it was read as plain text.");
  readText(body, builder);
}

async function parsed(bytes: Uint8Array): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, {
      forceRfc822Attachments: true,
      maxNestingDepth: PARTS_DEPTH_MAX,
      maxHeadersSize: HEADERS_BYTES_MAX,
    });
  } catch (cause) {
    const sentence = "This message is damaged, or its parts are nested too deeply to be read.";
    throw new DocumentProblem("unreadable", sentence, cause);
  }
}

function hasTooManyLines(bytes: Uint8Array): boolean {
  const lines = { all: 0, text: 0, border: 0 };
  let start = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === SPACE) isText = true;
    if (bytes[at] !== LINE_FEED) continue;
    lines.all++;
    if (isText || at - start < ENCODED_CHARS_MIN) lines.text++;
    if (bytes[start] === DASH && bytes[start + 1] === DASH) lines.border++;
    start = at + 1;
    isText = false;
  }
  return lines.all > LINES_MAX.all || lines.text > LINES_MAX.text || lines.border > LINES_MAX.border;
}

function headersOf({ from, to, cc, date }: Email): string {
  return [
    ["From", addresses(from ? [from] : [])],
    ["To", addresses(to ?? [])],
    ["Cc", addresses(cc ?? [])],
    ["Date", date ?? ""],
  ]
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

function addresses(list: readonly Address[]): string {
  return list
    .flatMap((address) => (address.group ? address.group : [address]))
    .slice(0, ADDRESSES_MAX)
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address))
    .join(", ");
}

/** HTML has the structure; the plain text beside it counts where it says far more, as in mails that are one picture. */
function readBody({ html, text = "" }: Email, builder: DocumentBuilder): void {
  const page = new DocumentBuilder(builder.limits);
  if (html) readHtml(html, page);
  const { text: read, blocks, cuts } = page.finish("html");
  if (read.length < text.length / 2) return readText(text, builder);
  for (const block of blocks) builder.add(block.kind, block.text, block);
  for (const sentence of cuts) builder.cut(sentence);
}

const CALENDAR_TYPE = /^(?:text\/calendar|application\/ics)$/i;

/** An invitation comes once to be shown and once to be saved, which is the one with a name. */
function withoutCopies(attachments: readonly Attachment[]): Attachment[] {
  const kept = new Map<string, Attachment>();
  const others = attachments.filter((attachment) => {
    if (!CALENDAR_TYPE.test(attachment.mimeType)) return true;
    const { content, filename } = attachment;
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    const plain = text.replace(/\r\n?/g, "\n").trim();
    if (filename || !kept.has(plain)) kept.set(plain, attachment);
    return false;
  });
  return [...others, ...kept.values()];
}

/** Pictures, signatures and second versions: nothing is missing where they are not read. */
const UNREAD_TYPE =
  /^(image|audio|video|font)\/|^text\/x-amp-html$|^application\/((x-)?pkcs7-signature|pgp-(signature|keys))/i;
/** Where the words of the message are, for those who have the key. */
const SEALED_TYPE = /^application\/((x-)?pkcs7|pgp)/i;

async function readAttachment(
  { filename, mimeType, content }: Attachment,
  builder: DocumentBuilder,
  readCarried: ReadCarried,
): Promise<void> {
  if (UNREAD_TYPE.test(mimeType) || builder.isFull) return;
  if (SEALED_TYPE.test(mimeType)) {
    return builder.cut("A part of the message is encrypted or sealed; save it decrypted to have it read.");
  }
  if (builder.attachmentsLeft-- <= 0) {
    return builder.cut(`Only the first ${builder.limits.attachmentsMax} attachments were read.`);
  }
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
  if (bytes.length === 0) return;
  const { levelShift } = builder;
  try {
    builder.levelShift = levelShift + 1;
    builder.add("heading", filename ?? "", { level: 1 });
    builder.levelShift = levelShift + 2;
    await readCarried(bytes, { type: mimeType, ...(filename && { name: filename }) });
  } catch (problem) {
    if (!(problem instanceof DocumentProblem)) throw problem;
    builder.cut(`An attachment was left out. ${problem.message}`);
  } finally {
    builder.levelShift = levelShift;
  }
}
