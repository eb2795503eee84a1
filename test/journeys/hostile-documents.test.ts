/** Documents that are made to exhaust who reads them, sent to a running stack: each gets its answer, and delays no other. */
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Document } from "../../src/features/knowledge/schema.ts";
import { Problem } from "../../src/lib/problem.ts";
import { nestedMail, pdfOf, pdfStream, pdfText, utf8, zipOf } from "../support/documents.ts";
import { Library } from "../support/library.ts";
import { startTestStack, type TestStack } from "../support/test-stack.ts";

const MB = 1024 * 1024;
const PATIENCE_MS = 540_000;

let stack: TestStack;
let library: Library;

beforeAll(async () => {
  stack = await startTestStack({ vars: { UPLOAD_BYTES_FREE: String(50 * MB) } });
  const first = await Library.found(stack);
  library = await first.another({ chunk_tokens: 384, overlap_tokens: 48 });
});
afterAll(() => stack?.close());

async function send(title: string, type: string, bytes: Uint8Array): Promise<void> {
  const response = await library.send({ title, type, bytes });
  const answer: unknown = await response.json();
  expect(response.status, JSON.stringify(answer)).toBe(202);
  expect(Document.parse(answer).status).toBe("queued");
}

/** 100,000 rows; short ones, for the database of a test stores some hundred chunks a second at most. */
const table = () =>
  utf8(
    `day,count\n${Array.from({ length: 100_000 }, (_, row) => (row === 99_999 ? "pangolin,1" : `${row % 7},${row % 5}`)).join("\n")}`,
  );

/** Here and there a byte that is part of no character. */
function invalidUtf8(): Uint8Array {
  const bytes = utf8("Die Otter am Weiher wurden im Frühjahr gezählt, die Störche später. ".repeat(60));
  for (let at = 30; at < bytes.length; at += 400) bytes[at] = 0xff;
  return bytes;
}

const picture = () =>
  pdfStream(new Uint8Array(49 * MB), { dictionary: "/Type /XObject /Subtype /Image", filter: "/DCTDecode" });

test("hostile documents end read or refused with a reason, and those between them are found", {
  timeout: PATIENCE_MS + 60_000,
}, async () => {
  await send(
    "bomb",
    "application/octet-stream",
    zipOf([{ name: "word/document.xml", content: new Uint8Array(200 * MB) }]),
  );
  await send("nested", "message/rfc822", utf8(nestedMail(20)));
  await send("invalid", "text/plain", invalidUtf8());
  await send(
    "pdf",
    "application/pdf",
    pdfOf([pdfStream(pdfText("The axolotls of the lake"))], { more: [[9, picture()]] }),
  );
  await send("no pdf", "application/pdf", Buffer.concat([utf8("%PDF-1.7\n"), new Uint8Array(49 * MB)]));
  await send("table", "text/csv", table());
  await send("good", "text/plain", utf8("The quokkas of the island were counted."));
  const large = await library.announce({ title: "large", type: "text/plain", size: 51 * MB });
  expect(Problem.parse(large)).toMatchObject({ status: 413, code: "payload_too_large" });

  const documents = await library.settled(PATIENCE_MS);
  const ends = Object.fromEntries(
    documents.map(({ title, status, reason, notes }) => [title, { status, reason, notes }]),
  );
  const ready = { status: "ready", reason: null, notes: [] };
  expect(ends).toEqual({
    bomb: {
      status: "failed",
      reason: "Unpacked, this document is larger than the 16 MB that can be read.",
      notes: [],
    },
    nested: {
      ...ready,
      notes: ["An attachment was left out. Messages within more than 8 others are not read."],
    },
    invalid: { ...ready, notes: [expect.stringMatching(/^Some bytes are no characters/)] },
    pdf: ready,
    "no pdf": { status: "failed", reason: "This PDF is damaged and cannot be read.", notes: [] },
    table: ready,
    good: ready,
  });
  const found = async (query: string) => (await library.search(query)).join();
  expect(await found("quokkas")).toContain("good");
  expect(await found("axolotls")).toContain("pdf");
  expect(await found("pangolin")).toContain("table");
});
