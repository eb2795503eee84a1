import { describe, expect, test } from "vitest";
import {
  docxOf,
  pdfOf,
  pdfStream,
  pdfText,
  utf8,
  wordParagraph,
  zipOf,
} from "../../../../support/documents.ts";
import { parsed, problemOf } from "./support.ts";

describe("what a document is, is told by its content", () => {
  test.each([
    ["pdf", pdfOf([pdfStream(pdfText("words"))])],
    ["docx", docxOf(wordParagraph("words"))],
    ["eml", utf8("Received: from x\nFrom: a@example.com\n\nwords")],
    ["html", utf8("\n<!DOCTYPE html><p>words")],
    ["html", utf8('<?xml version="1.0"?><!-- x --><html><p>words</html>')],
    ["json", utf8('{"words": 1}')],
    ["csv", utf8("a,b,c\n1,2,3\n4,5,6")],
    ["markdown", utf8("# Words\n\nmore")],
    ["text", utf8("[Note] words, and more: these.")],
    ["text", utf8("Dear Ann,\nthanks, as always, for all.\nSincerely, truly, yours")],
  ])("%s", async (type, bytes) => {
    expect(await parsed(bytes)).toMatchObject({ type });
    expect(await parsed(bytes, { type: "application/octet-stream", name: "download" })).toMatchObject({
      type,
    });
  });

  test("a wrong claim does not change it", async () => {
    const claim = { type: "text/plain", name: "notes.txt" };
    expect(await parsed(docxOf(wordParagraph("words")), claim)).toMatchObject({ type: "docx" });
    expect(await parsed("<html><p>words", claim)).toMatchObject({ type: "html" });
    expect(await parsed("just words", { type: "application/pdf" })).toMatchObject({ type: "text" });
  });

  test("between kinds of text a claim decides", async () => {
    expect(await parsed("# words", { name: "a.txt" })).toMatchObject({ type: "text" });
    expect(await parsed("words", { name: "A.MD" })).toMatchObject({ type: "markdown" });
    expect(await parsed("<div>words</div>", { name: "README.md" })).toMatchObject({ type: "markdown" });
    expect(await parsed("words", { type: "text/csv; header=present" })).toMatchObject({ type: "csv" });
    expect(await parsed("Subject: words\n\nmore", { name: "a.eml" })).toMatchObject({ type: "eml" });
  });
});

describe("what cannot be read says what to do instead", () => {
  test.each([
    ["an old Word document", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], /DOCX/],
    ["RTF", [...utf8("{\\rtf1 words}")], /DOCX/],
    ["a picture", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], /Pictures/],
    ["an archive", [0x1f, 0x8b, 8, 0], /Archives/],
    ["other data", Array.from({ length: 500 }, (_, index) => (index * 7_919) & 255), /neither text/],
  ])("%s", async (_, bytes, sentence) => {
    const problem = await problemOf(new Uint8Array(bytes));
    expect(problem).toMatchObject({ code: "unsupported", message: expect.stringMatching(sentence) });
  });

  test.each([
    ["an Excel file", "xl/workbook.xml", /CSV/],
    ["a presentation", "ppt/presentation.xml", /PDF/],
    ["an archive", "readme.txt", /upload/],
    ["an OpenDocument file", "mimetype", /DOCX/],
  ])("%s", async (_, name, sentence) => {
    const problem = await problemOf(zipOf([{ name, content: utf8("x") }]));
    expect(problem).toMatchObject({ code: "unsupported", message: expect.stringMatching(sentence) });
  });

  test.each([
    ["nothing at all", ""],
    ["white space", " \n\t "],
  ])("%s", async (_, text) => {
    expect(await problemOf(text)).toMatchObject({ code: "empty" });
  });
});

describe("encodings", () => {
  const words = "Grüße aus Köln, schöne Wörter für alle";
  const utf16 = (order: "le" | "be", mark: string) => {
    const bytes = Buffer.from(mark + words, "utf16le");
    return new Uint8Array(order === "le" ? bytes : bytes.swap16());
  };

  test.each([
    ["UTF-8", utf8(words)],
    ["UTF-8 with a mark", utf8(`\ufeff${words}`)],
    ["Windows-1252", new Uint8Array(Buffer.from(words, "latin1"))],
    ["UTF-16, little end first", utf16("le", "\ufeff")],
    ["UTF-16, big end first", utf16("be", "\ufeff")],
    ["UTF-16 without a mark", utf16("le", "")],
  ])("%s", async (_, bytes) => {
    expect((await parsed(bytes)).text).toBe(words);
  });

  test("what a page says of itself counts, where it is not UTF-8", async () => {
    const page = Buffer.from('<html><meta charset="iso-8859-2"><p>P\xf8\xedli\xb9', "latin1");
    expect((await parsed(new Uint8Array(page))).text).toBe("Příliš");
    const claimed = new Uint8Array([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
    expect((await parsed(claimed, { type: "text/plain; charset=windows-1251" })).text).toBe("Привет");
  });

  test("a few broken bytes in good UTF-8 are replaced, and told", async () => {
    const bytes = utf8(`${words}. `.repeat(50));
    bytes[5] = 0xff;
    const document = await parsed(bytes);
    expect(document.text).toContain("\ufffd");
    expect(document.text).toContain("schöne");
    expect(document.cuts).toHaveLength(1);
  });
});
