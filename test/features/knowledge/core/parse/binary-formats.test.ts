import { describe, expect, test } from "vitest";
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

  const WORD = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`;
  const listed = (text: string, numId: number, level = 0) =>
    `<w:p><w:pPr><w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${numId}"/></w:numPr></w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`;

  test("have the numbers of their lists and headings, which are written nowhere", async () => {
    const level = (at: number, format: string, text: string, more = "") =>
      `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/>${more}<w:lvlText w:val="${text}"/></w:lvl>`;
    const numbering = `<w:numbering ${WORD}>
      <w:abstractNum w:abstractNumId="0">${level(0, "decimal", "§ %1", '<w:pStyle w:val="U1"/>')}${level(1, "decimal", "%1.%2", '<w:pStyle w:val="U2"/>')}</w:abstractNum>
      <w:abstractNum w:abstractNumId="1">${level(0, "lowerLetter", "%1)")}${level(1, "upperRoman", "%2.")}${level(2, "bullet", "•")}</w:abstractNum>
      <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
      <w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
      <w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="3"/></w:lvlOverride></w:num>
      </w:numbering>`;
    const numbered = `<w:styles ${WORD}><w:style w:styleId="U1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
      <w:style w:styleId="U2"><w:name w:val="heading 2"/><w:basedOn w:val="U1"/></w:style></w:styles>`;
    const body = [
      wordParagraph("Scope", "U1"),
      wordParagraph("Terms", "U1"),
      wordParagraph("Words", "U2"),
      wordParagraph("Numbers", "U2"),
      listed("one", 2),
      listed("deep", 2, 1),
      listed("deeper", 2, 1),
      listed("mark", 2, 2),
      listed("two", 2),
      wordParagraph("Again:"),
      listed("three", 3),
      wordParagraph("Rest", "U1"),
    ].join("");
    const document = await parsed(
      docxOf(body, { "word/styles.xml": numbered, "word/numbering.xml": numbering }),
    );
    expect(outline(document)).toEqual([
      "heading1: § 1 Scope",
      "heading1: § 2 Terms",
      "heading2: 2.1 Words",
      "heading2: 2.2 Numbers",
      "list: a) one\n  I. deep\n  II. deeper\n    - mark\nb) two",
      "paragraph: Again:",
      "list: c) three",
      "heading1: § 3 Rest",
    ]);
  });

  test("have what stands at the top and the bottom of each page once", async () => {
    const edge = (text: string) => `<w:hdr ${WORD}>${wordParagraph(text)}${wordParagraph("7")}</w:hdr>`;
    const relationship = (id: string, kind: string) =>
      `<Relationship Id="${id}" Type="http://x/${kind}" Target="./${id}.xml"/>`;
    const document = await parsed(
      docxOf(
        `${wordParagraph("The text.")}<w:sectPr><w:headerReference r:id="h1"/><w:headerReference r:id="h2"/><w:footerReference r:id="f1"/></w:sectPr>`,
        {
          "word/_rels/document.xml.rels": `<Relationships>${relationship("h1", "header")}${relationship("h2", "header")}${relationship("h3", "header")}${relationship("f1", "footer")}</Relationships>`,
          "word/h1.xml": edge("Confidential"),
          "word/h2.xml": edge("Confidential"),
          "word/h3.xml": edge("Of no page"),
          "word/f1.xml": edge("Printed in Basel"),
        },
      ),
    );
    expect(document.text).toBe("Confidential\n\nThe text.\n\nPrinted in Basel");
  });

  test("have nothing that a style hides, and tell what else was left out", async () => {
    const styles = `<w:styles ${WORD}><w:style w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>`;
    const body = `<w:p><w:r><w:t>seen</w:t><w:commentReference w:id="1"/></w:r><w:r><w:rPr><w:rStyle w:val="Secret"/></w:rPr><w:t>no</w:t></w:r></w:p>
      ${wordParagraph("no", "Secret")}<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>seen too</w:t></w:r></w:p>`;
    const document = await parsed(docxOf(body, { "word/styles.xml": styles }));
    expect(document.text).toBe("seen\n\nseen too");
    expect(document.cuts).toEqual([
      "Comments in the margin were left out.",
      "Text that the document hides was left out.",
    ]);
  });

  test("have their words whole, with how they are read behind them", async () => {
    const ruby = (base: string, reading: string) =>
      `<w:r><w:ruby><w:rt><w:r><w:t>${reading}</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>${base}</w:t></w:r></w:rubyBase></w:ruby></w:r>`;
    const body = `<w:p>${ruby("東", "とう")}${ruby("京", "きょう")}<w:r><w:t>へ行く</w:t></w:r></w:p>`;
    expect((await parsed(docxOf(body))).text).toBe("東京へ行く (とう きょう)");
  });

  test("may name their files otherwise, in an archive with numbers of 64 bits", async () => {
    const main = `<w:document ${WORD}>${wordParagraph("words")}</w:document>`;
    const files = [
      { name: "[content_types].xml", content: utf8("<Types/>") },
      { name: "Word\\Document.xml", content: utf8(main) },
    ];
    expect((await parsed(zipOf(files))).text).toBe("words");
    expect((await parsed(zipOf(files, { isLong: true }))).text).toBe("words");
    const double = [...files, { name: "word/document.xml", content: utf8(main.replace("words", "others")) }];
    expect(await problemOf(zipOf(double))).toMatchObject({ code: "unreadable" });
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

  test("text that is not seen on its pages is read, and told", async () => {
    const told = [
      "Some text of this PDF is not seen on its pages, as where text recognition laid it over a scan; it was read, too.",
    ];
    const scan = pdfStream(`BT 3 Tr ET ${pdfText("recognised")}`);
    expect(await parsed(pdfOf([scan]))).toMatchObject({ text: "recognised", cuts: told });
    const layers = "<< /OCGs [8 0 R] /D << /OFF [8 0 R] >> >>";
    const layered = pdfOf([pdfStream(pdfText("words"))], { more: [[9, layers]] });
    expect((await parsed(layered)).cuts).toEqual(told);
    expect((await parsed(pdfOf([pdfStream(pdfText("3 Trees"))]))).cuts).toEqual([]);
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

  const bytesOf = (source: string) => new Uint8Array(Buffer.from(source, "latin1"));
  const asUtf8 = (source: string) => Buffer.from(source).toString("latin1");
  test.each([
    ["no name of them", "", "Gr\xfc\xdfe"],
    ["a wrong one", "Content-Type: text/plain; charset=iso-8859-1", asUtf8("Grüße")],
    ["one that there is not", "Content-Type: text/plain; charset=x-unknown", asUtf8("Grüße")],
    ["one within its page", "Content-Type: text/html", '<html><meta charset="iso-8859-1"><p>Gr\xfc\xdfe'],
  ])("its letters are read whatever it says of them: %s", async (_, header, body) => {
    const document = await parsed(bytesOf(mail(`${header}${header && "\n"}X-A: b`, body)));
    expect(outline(document).at(-1)).toBe("paragraph: Grüße");
    expect(document.cuts).toEqual([]);
  });

  test("one whose parts cannot be found is read as text, and it is told", async () => {
    const packed = `${"QUJD".repeat(19)}\n`.repeat(5);
    const source = mail('Content-Type: multipart/mixed; boundary="x"', `--y\n\nThe words.\n${packed}--y--`);
    const document = await parsed(source);
    expect(document.text).toContain("The words.");
    expect(document.text).not.toContain("QUJD");
    expect(document.cuts).toEqual(["The message is damaged; what is in it was read as plain text."]);
  });

  test("it may begin with a mark or empty lines, and its lines may end as on old Macs", async () => {
    for (const before of ["\ufeff", "\r\n\n"]) {
      expect(await parsed(before + mail("X-A: b", "Noon?"))).toMatchObject({ type: "eml", title: "Lunch" });
    }
    const old = await parsed(mail("X-A: b", "Noon?\nYes.").replaceAll("\n", "\r"));
    expect(outline(old).at(-1)).toBe("paragraph: Noon?\nYes.");
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
