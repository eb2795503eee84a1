/** Real documents, which others wrote to break parsers; see the README beside them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DocumentProblem } from "../../../../../src/features/knowledge/core/parse/document.ts";
import { parseDocument } from "../../../../../src/features/knowledge/core/parse/parse.ts";
import { expectSound } from "./support.ts";

const SAMPLES = join("..", "shared", "data", "documents");

/** What a document of the folder must hold; the empty ones of each are known. */
const WORDS: Readonly<Record<string, RegExp>> = {
  "002-trivial-libre-office-writer_002-trivial-libre-office-writer.pdf": /Lorem ipsum dolor sit amet/,
  "004-pdflatex-4-pages_pdflatex-4-pages.pdf": /some text without a meaning/,
  "011-google-doc-document_google-doc-document.pdf": /Readability counts/,
  "012-libreoffice-form_libreoffice-form.pdf": /Example for a Form.*Alice.*Bob/s,
  "026-latex-multicolumn_multicolumn.pdf": /consectetuer adipiscing elit/,
  "test_test-data_endnotes.docx": /Ouch \[1\].*\[1\] A tachyon walks into a bar\./s,
  "test_test-data_simple-list.docx": /- Apple\n- Banana/,
  "test_test-data_tables.docx": /Top left \| Top right\nBottom left \| Bottom right/,
  "test_test-data_text-box.docx": /Datum plane/,
  "test_test-data_strict-format.docx": /Test/,
  "mailparser_test_fixtures_nested.eml": /Dear Sir.*Good evening\..*The footer/s,
  "mailparser_test_fixtures_mixed.eml": /scanned for Viruses/,
  "mailparser_test_fixtures_spam.eml": /asozialer Penner/,
  "test_fixtures_calendar-event.eml": /When.*Thursday Apr 11.*SUMMARY:Test event/s,
  "test_fixtures_bounce.eml": /could not\s+be delivered to one or more recipients/,
  "test_fixtures_mimetorture.eml": /Ryan Finnie's MIME torture test/,
};
const WITHOUT_TEXT = /empty|external-picture|tiny-picture/;

describe.each(["pdf", "docx", "eml"] as const)("%s", (type) => {
  const folder = join(SAMPLES, type);
  if (!existsSync(folder)) {
    test.skip(`there are no samples in ${folder}`, () => {});
    return;
  }
  const names = readdirSync(folder).filter((name) => name.endsWith(`.${type}`));

  test("there are samples", () => {
    expect(names.length).toBeGreaterThan(5);
  });

  test.each(names)("%s", async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const document = await parseDocument(bytes, { name }).catch((problem) => problem);
    if (document instanceof DocumentProblem) {
      expect(document.code).toBe("empty");
      expect(name).toMatch(WITHOUT_TEXT);
      return;
    }
    expectSound(document);
    expect(document.type).toBe(type);
    expect(document.text).toMatch(WORDS[name] ?? /\S/);
    expect(document.text).not.toMatch(/Content-Transfer-Encoding: (base64|quoted-printable)/);
  });
});
