/** The formats inside the runtime that ingestion runs in: no DOM, no eval, its own zlib, decoders and dictionaries. */
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../../../src/features/knowledge/core/parse/parse.ts";
import { termsOf } from "../../../../../src/features/knowledge/core/terms.ts";
import {
  docxOf,
  nestedMail,
  pdfOf,
  pdfStream,
  pdfText,
  utf8,
  wordParagraph,
  zipOf,
} from "../../../../support/documents.ts";

describe("in workerd", () => {
  test.each([
    ["pdf", pdfOf([pdfStream(pdfText("some words"))])],
    ["docx", docxOf(wordParagraph("some words"))],
    ["eml", utf8(nestedMail(1).replace("words at 0", "some words"))],
    ["html", utf8("<html><p>some <b>words</b>")],
    ["markdown", utf8("# some words")],
    ["csv", utf8("a,b,c\nsome words,2,3\n4,5,6")],
    ["json", utf8('{"a": "some words"}')],
    ["text", utf8("some words")],
  ])("%s is read", async (type, bytes) => {
    const document = await parseDocument(bytes);
    expect(document.type).toBe(type);
    expect(document.text).toContain("some words");
  });

  test("texts of other encodings are read", async () => {
    const latin = new Uint8Array([...utf8("Stra"), 0xdf, ...utf8("e der G"), 0xe4, ...utf8("rten")]);
    expect((await parseDocument(latin)).text).toBe("Straße der Gärten");
    const cyrillic = new Uint8Array([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
    expect((await parseDocument(cyrillic, { type: "text/plain; charset=windows-1251" })).text).toBe("Привет");
    const unnamed = "gqCCzJDsgqmC54LMjuiOhoK/guWCpIKxgsaCqILogsWCtYK9gUI=";
    const japanese = await parseDocument(new Uint8Array(Buffer.from(unnamed, "base64")));
    expect(japanese.text).toBe("あの川からの手紙ちょうことおりでした。");
    const polish = new Uint8Array(Buffer.from("WmG/87PmIGfqnGy5IGphn/Eu", "base64"));
    expect((await parseDocument(polish)).text).toBe("Zażółć gęślą jaźń.");
  });

  test("a Word document that unpacks to too much is refused, whatever it says of itself", async () => {
    const content = new Uint8Array(40 * 1024 * 1024);
    for (const declaredBytes of [content.length, 1_000]) {
      const bomb = zipOf([{ name: "word/document.xml", content, declaredBytes }]);
      await expect(parseDocument(bomb)).rejects.toMatchObject({ name: "DocumentProblem", code: "too_large" });
    }
  });

  test("a page of a PDF that unpacks to too much is left out", async () => {
    const bomb = pdfStream(new Uint8Array(40 * 1024 * 1024).fill(0x20));
    expect((await parseDocument(pdfOf([bomb, pdfStream(pdfText("the other page"))]))).text).toBe(
      "the other page",
    );
  });

  test("pages that take too long are left out", async () => {
    const page = pdfStream(pdfText("words") + "0 0 m\n".repeat(100_000));
    const pages = Array.from({ length: 300 }, () => page);
    const document = await parseDocument(pdfOf(pages), { limits: { timeMs: 1 } });
    expect(document.cuts).toEqual([expect.stringContaining("took too long")]);
  });

  test("Chinese and Japanese are cut into words", () => {
    expect([...termsOf("人工智能改变生活").keys()]).toEqual(expect.arrayContaining(["改变", "生活"]));
    expect([...termsOf("新しい図書館で本を借りました").keys()]).toContain("図書館");
  });
});
