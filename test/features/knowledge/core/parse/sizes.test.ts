/** Documents that are longer than can be read. */
import { describe, expect, test } from "vitest";
import { PARSE_LIMITS } from "../../../../../src/features/knowledge/core/parse/document.ts";
import { parseDocument } from "../../../../../src/features/knowledge/core/parse/parse.ts";
import { pdfOf, pdfStream, pdfText, utf8 } from "../../../../support/documents.ts";
import { parsed, problemOf } from "./support.ts";

const MB = 1024 * 1024;
const CUT = "The document is longer than can be read; the end was left out.";

describe("size", () => {
  test("more than 50 MB are refused by their number alone", async () => {
    const bytes = new Uint8Array(51 * MB);
    bytes.set(utf8("%PDF-1.7\n"));
    expect(await problemOf(bytes)).toMatchObject({
      code: "too_large",
      message: "This document is too large: it has 51 MB, at most 50 MB can be read.",
    });
  });

  test("a PDF of 50 MB is read where most of it are pictures, and refused where it is nothing", async () => {
    const picture = pdfStream(new Uint8Array(49 * MB), {
      dictionary: "/Type /XObject /Subtype /Image",
      filter: "/DCTDecode",
    });
    const whole = pdfOf([pdfStream(pdfText("words"))], { more: [[9, picture]] });
    expect((await parseDocument(whole, { isOwn: true })).text).toBe("words");
    const nothing = new Uint8Array(50 * MB);
    nothing.set(utf8("%PDF-1.7\n"));
    expect(await problemOf(nothing)).toMatchObject({ code: "unreadable" });
  });

  test("of a text of 50 MB the beginning is read, and of its characters none is cut in two", async () => {
    const document = await parseDocument(utf8("日本語のうた。".repeat((50 * MB) / 21)), { name: "a.txt" });
    expect(document.cuts).toEqual([CUT]);
    expect(document.text.length).toBe(PARSE_LIMITS.charsMax);
    expect(document.text).not.toContain("\ufffd");
  });

  test("a message of more than 25 MB is refused", async () => {
    const mail = `Subject: words\nFrom: a@example.com\n\n${`${"a".repeat(76)}\n`.repeat(350_000)}`;
    expect(await problemOf(utf8(mail))).toMatchObject({
      code: "too_large",
      message: "This message is too large: it has 26 MB, at most 25 MB can be read.",
    });
  });

  test("a CSV of 100,000 lines is read whole, and one row more is told", async () => {
    const rows = (count: number) =>
      Array.from({ length: count }, (_, row) => `Person ${row},City ${row % 977},${row}`);
    const whole = await parsed(["name,city,amount", ...rows(100_000)].join("\n"), { name: "a.csv" });
    expect(whole.cuts).toEqual([]);
    expect(whole.text.endsWith("Person 99999 | City 345 | 99999")).toBe(true);
    const cut = await parsed(["name,city,amount", ...rows(100_001)].join("\n"), { name: "a.csv" });
    expect(cut.cuts).toEqual(["Only the first 100000 rows of the table were read."]);
    expect(cut.text).toBe(whole.text);
  });

  test.each([
    ["text in one line", "a.txt", "word ".repeat(2e6)],
    ["text in many lines", "a.txt", "word\n".repeat(2e6)],
    ["one word", "a.txt", "a".repeat(9e6)],
    ["Markdown", "a.md", "- item\n".repeat(2e6)],
    ["HTML", "a.html", `<html>${"<li>item".repeat(2e6)}`],
    [
      "CSV",
      "a.csv",
      `name,age\n${"somebody with a long name,41\n".repeat(90_000).replaceAll("long", "long".repeat(20))}`,
    ],
    ["JSON", "a.json", `[${'{"name": "somebody"},'.repeat(4e5)}0]`],
  ])("%s is cut where a document is full", async (_, name, source) => {
    const document = await parseDocument(utf8(source), { name });
    expect(document.cuts).toEqual([CUT]);
    expect(document.text.length).toBeLessThanOrEqual(PARSE_LIMITS.charsMax);
    expect(document.blocks.length).toBeLessThanOrEqual(PARSE_LIMITS.blocksMax);
  });

  test("a cut never leaves half a character", async () => {
    for (let charsMax = 1; charsMax < 12; charsMax++) {
      const document = await parsed("🎉🎉🎉 🎉🎉\n\n🎉", { limits: { charsMax } }).catch(() => null);
      expect(document?.text.isWellFormed() ?? true).toBe(true);
    }
  });
});
