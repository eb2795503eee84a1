import { describe, expect, test } from "vitest";
import {
  docxOf,
  nestedMail,
  pdfOf,
  pdfStream,
  pdfText,
  utf8,
  wordParagraph,
} from "../../../../support/documents.ts";
import { outline, parsed, problemOf } from "./support.ts";

describe("Word documents", () => {
  const styles = `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
    <w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
    <w:style w:styleId="U1"><w:name w:val="heading 1"/></w:style>
    <w:style w:styleId="U2"><w:name w:val="Own"/><w:basedOn w:val="U1"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
    <w:style w:styleId="U3"><w:name w:val="Derived"/><w:basedOn w:val="U2"/></w:style></w:styles>`;

  test("have headings by their styles, lists, tables and notes", async () => {
    const item = (level: number, text: string) =>
      `<w:p><w:pPr><w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`;
    const row = (...cells: string[]) =>
      `<w:tr>${cells.map((cell) => `<w:tc>${wordParagraph(cell)}</w:tc>`).join("")}</w:tr>`;
    const body = [
      wordParagraph("The title", "Titel"),
      wordParagraph("Chapter", "U1"),
      wordParagraph("Section", "U3"),
      `<w:p><w:r><w:t>Words</w:t><w:tab/><w:t>more</w:t><w:footnoteReference w:id="2"/></w:r></w:p>`,
      item(0, "one"),
      item(1, "deep"),
      `<w:tbl>${row("Name", "Age")}${row("Ann", "41")}</w:tbl>`,
    ].join("");
    const footnotes = `<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
      <w:footnote w:id="0"><w:p><w:r><w:t>never referred to</w:t></w:r></w:p></w:footnote>
      <w:footnote w:id="2">${wordParagraph("The note.")}</w:footnote></w:footnotes>`;
    const document = await parsed(
      docxOf(body, { "word/styles.xml": styles, "word/footnotes.xml": footnotes }),
    );
    expect(outline(document)).toEqual([
      "heading1: The title",
      "heading1: Chapter",
      "heading2: Section",
      "paragraph: Words\tmore [1]",
      "list: - one\n  - deep",
      "table: Name | Age\nAnn | 41",
      "paragraph: [1] The note.",
    ]);
  });

  test("have nothing that was deleted, hidden, or stands there twice", async () => {
    const body = `<w:p><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>
      <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>
      <w:r><mc:AlternateContent><mc:Choice><w:t>shown</w:t></mc:Choice><mc:Fallback><w:t>again</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>`;
    expect((await parsed(docxOf(body))).text).toBe("shown");
  });

  test("may name their parts and prefixes otherwise", async () => {
    const main = `<x:document xmlns:x="http://purl.oclc.org/ooxml/wordprocessingml/main"><x:body><x:p><x:r><x:t>other</x:t></x:r></x:p></x:body></x:document>`;
    const rels = `<Relationships><Relationship Type="http://x/officeDocument" Target="/word/main.xml"/></Relationships>`;
    expect((await parsed(docxOf("", { "_rels/.rels": rels, "word/main.xml": main }))).text).toBe("other");
  });
});

describe("PDF", () => {
  test("has headings by the size of letters, paragraphs by distance, and pages", async () => {
    const body = Array.from({ length: 4 }, (_, line) =>
      pdfText(`Line ${line} of the text goes on and`, 12, 650 - line * 14),
    );
    const first = pdfStream(
      [pdfText("A heading", 20), ...body, pdfText("Another paragraph of words.", 12, 550)].join(""),
    );
    const document = await parsed(pdfOf([first, pdfStream(pdfText("On the second page."))]));
    expect(outline(document)).toEqual([
      "heading1: A heading",
      `paragraph: ${[0, 1, 2, 3].map((line) => `Line ${line} of the text goes on and`).join(" ")}`,
      "paragraph: Another paragraph of words.",
      "paragraph: On the second page.",
    ]);
    expect(document.blocks.map(({ page }) => page)).toEqual([1, 1, 1, 2]);
  });

  test("words divided at the end of a line are whole again", async () => {
    const page = pdfStream(pdfText("He spoke of the inter-") + pdfText("nationalisation.", 12, 686));
    expect((await parsed(pdfOf([page]))).text).toBe("He spoke of the internationalisation.");
  });

  test("the bytes of the caller stay as they are", async () => {
    const bytes = pdfOf([pdfStream(pdfText("words"))]);
    const before = bytes.slice();
    await parsed(bytes);
    expect(bytes).toEqual(before);
  });

  const annotated = (annotations: string) =>
    pdfOf([pdfStream(pdfText("Name:") + pdfText("The end.", 12, 600))], {
      resources: `>> /Annots [${annotations}] /Other <<`,
    });
  const field = (value: string, more = "") =>
    `<< /Subtype /Widget /FT /Tx /T (field) /V (${value}) /Rect [120 698 300 712] /DA (/F1 12 Tf) ${more} >>`;
  const note = (text: string, more = "") =>
    `<< /Subtype /Text /Contents (${text}) /Rect [10 10 20 20] ${more} >>`;

  test("what was filled in stands beside its label, and what was noted below the page", async () => {
    const typed = "<< /Subtype /FreeText /Contents (typed) /Rect [72 500 99 520] /DA (/F1 12 Tf) >>";
    const document = await parsed(annotated(`${field("Alice")} ${note("Ask her")} ${typed}`));
    expect(outline(document)).toEqual([
      "paragraph: Name: Alice",
      "paragraph: The end.",
      "paragraph: typed",
      "quote: Ask her",
    ]);
    expect(document.cuts).toEqual([]);
  });

  test("hidden fields and notes, and passwords, are not read", async () => {
    const hidden = [field("no", "/F 2"), field("no", "/F 32"), field("no", "/Ff 8192"), note("no", "/F 2")];
    expect((await parsed(annotated(hidden.join(" ")))).text).toBe("Name:\n\nThe end.");
  });

  test("files within it are told", async () => {
    const file = pdfStream("words", { dictionary: "/Type /EmbeddedFile" });
    const document = await parsed(pdfOf([pdfStream(pdfText("words"))], { more: [[9, file]] }));
    expect(document.cuts).toEqual([
      "Files that are attached to the PDF were left out; send them on their own.",
    ]);
  });

  test("without text it is told from a damaged one", async () => {
    expect(await problemOf(pdfOf([pdfStream("0 0 m 9 9 l S")]))).toMatchObject({ code: "empty" });
    expect(await problemOf("%PDF-1.7\nnothing")).toMatchObject({ code: "unreadable" });
  });
});

describe("mail", () => {
  const mail = (headers: string, body: string) =>
    `From: Ann <ann@example.com>\nTo: bob@example.com\nSubject: Lunch\n${headers}\n\n${body}`;

  test("has its subject, who wrote to whom, and its words", async () => {
    const document = await parsed(mail("Date: Thu, 19 Nov 2026 10:00:00 +0000", "Noon?\n\nAnn"));
    expect(document).toMatchObject({ type: "eml", title: "Lunch" });
    expect(outline(document)).toEqual([
      "heading1: Lunch",
      "paragraph: From: Ann <ann@example.com>\nTo: bob@example.com\nDate: 2026-11-19T10:00:00.000Z",
      "paragraph: Noon?",
      "paragraph: Ann",
    ]);
  });

  test("its HTML counts, unless the plain text says far more", async () => {
    const both = (html: string, plain: string) =>
      mail(
        'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="x"',
        `--x\nContent-Type: text/plain\n\n${plain}\n--x\nContent-Type: text/html\n\n${html}\n--x--\n`,
      );
    expect(outline(await parsed(both("<ul><li>one</ul>", "* one")))).toContain("list: - one");
    const picture = both("<img src=x>", "All the words of the mail.");
    expect(outline(await parsed(picture))).toContain("paragraph: All the words of the mail.");
  });

  test("its attachments are read below their names, of whatever type they are", async () => {
    const attached = (name: string, bytes: Uint8Array) =>
      `--x\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename="${name}"\nContent-Transfer-Encoding: base64\n\n${Buffer.from(bytes).toString("base64")}\n`;
    const source = mail(
      'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"',
      `--x\n\nSee below.\n${attached("a.docx", docxOf(wordParagraph("in Word")))}${attached("b.md", utf8("# In Markdown"))}${attached("c.zip", utf8("PK\u0003\u0004"))}--x--\n`,
    );
    const document = await parsed(source);
    expect(outline(document).slice(2)).toEqual([
      "paragraph: See below.",
      "heading2: a.docx",
      "paragraph: in Word",
      "heading2: b.md",
      "heading3: In Markdown",
      "heading2: c.zip",
    ]);
    expect(document.cuts).toEqual([expect.stringMatching(/^An attachment was left out\. /)]);
  });

  test("what is encrypted in it is told; a signature is not", async () => {
    const carrying = (type: string) =>
      mail(
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"',
        `--x\n\nHello.\n--x\nContent-Type: ${type}\nContent-Transfer-Encoding: base64\n\nAAECAw==\n--x--\n`,
      );
    const sealed = await parsed(carrying('application/pkcs7-mime; name="smime.p7m"'));
    expect(sealed.cuts).toEqual([expect.stringContaining("encrypted")]);
    expect((await parsed(carrying("application/pkcs7-signature"))).cuts).toEqual([]);
  });

  test("messages within it are read as deep as allowed", async () => {
    const document = await parsed(nestedMail(2));
    expect(outline(document).filter((line) => line.startsWith("heading"))).toEqual([
      "heading1: level 0",
      "heading3: level 1",
      "heading5: the innermost",
    ]);
    expect((await parsed(nestedMail(2), { limits: { depthMax: 2 } })).text).not.toContain("innermost");
  });
});
