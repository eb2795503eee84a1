import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../../../src/features/knowledge/core/parse/parse.ts";
import { docxOf, nestedMail, utf8, wordParagraph, zipOf } from "../../../../support/documents.ts";
import { expectSound, parsed, problemOf } from "./support.ts";

const MB = 1024 * 1024;

describe("Word documents", () => {
  test("one that unpacks to too much is refused before it is unpacked", async () => {
    const bomb = zipOf([{ name: "word/document.xml", content: new Uint8Array(60 * MB) }]);
    expect(bomb.length).toBeLessThan(MB);
    expect(await problemOf(bomb)).toMatchObject({
      code: "too_large",
      message: expect.stringContaining("16 MB"),
    });
  });

  test("one that lies about it is stopped while it unpacks", async () => {
    const liar = zipOf([
      { name: "word/document.xml", content: new Uint8Array(60 * MB), declaredBytes: 1_000 },
    ]);
    expect(await problemOf(liar)).toMatchObject({ code: "too_large" });
  });

  test("parts without text are never unpacked", async () => {
    const parts = { "word/document.xml": `<w:document>${wordParagraph("words")}</w:document>` };
    const files = Object.entries(parts).map(([name, text]) => ({ name, content: utf8(text) }));
    const bytes = zipOf([...files, { name: "word/media/bomb.bin", content: new Uint8Array(60 * MB) }]);
    expect((await parsed(bytes)).text).toBe("words");
  });

  test.each([
    [
      "too many files",
      zipOf(Array.from({ length: 2_001 }, (_, at) => ({ name: `word/${at}`, content: utf8("x") }))),
      "too_large",
    ],
    ["a directory that is cut off", docxOf(wordParagraph("words")).slice(0, -30), "unreadable"],
    ["a file that is cut out", docxOf(wordParagraph("words")).fill(0, 40, 120), "unreadable"],
    ["no main part", zipOf([{ name: "word/styles.xml", content: utf8("<x/>") }]), "unreadable"],
  ])("%s", async (_, bytes, code) => {
    expect(await problemOf(bytes)).toMatchObject({ code });
  });

  test.each([
    ["tables", "<w:tbl><w:tr><w:tc>"],
    ["paragraphs", "<w:p><w:r>"],
    ["anything", "<w:x>"],
  ])("%s within each other without end are read", async (_, opening) => {
    expect((await parsed(docxOf(opening.repeat(100_000) + wordParagraph("deep")))).text).toBe("deep");
  });

  test("a thousand headers with a long list of numbers are not read a thousand times", async () => {
    const level = '<w:lvl w:ilvl="0"><w:lvlText w:val="%1."/></w:lvl>';
    const numbering = `<w:numbering>${`<w:abstractNum w:abstractNumId="1">${level}</w:abstractNum>`.repeat(40_000)}</w:numbering>`;
    const ids = Array.from({ length: 1_000 }, (_, at) => `h${at}`);
    const references = ids.map((id) => `<w:headerReference r:id="${id}"/>`).join("");
    const relationships = ids.map((id) => `<Relationship Id="${id}" Type="x/header" Target="${id}.xml"/>`);
    const headers = ids.map((id) => [`word/${id}.xml`, `<w:hdr>${wordParagraph(`header ${id}`)}</w:hdr>`]);
    const document = await parsed(
      docxOf(`${wordParagraph("words")}<w:sectPr>${references}</w:sectPr>`, {
        "word/numbering.xml": numbering,
        "word/_rels/document.xml.rels": `<Relationships>${relationships.join("")}</Relationships>`,
        ...Object.fromEntries(headers),
      }),
    );
    expect(document.text).toMatch(/^header h0\n.*\n\nwords$/s);
  });

  test("a part that is too large is left out and told where the text can be read without", async () => {
    const parts = [
      { name: "word/document.xml", content: utf8(`<w:document>${wordParagraph("words")}</w:document>`) },
      { name: "word/numbering.xml", content: new Uint8Array(60 * MB) },
    ];
    const document = await parsed(zipOf(parts));
    expect(document.text).toBe("words");
    expect(document.cuts).toEqual(["A part of the document is damaged or too large and was left out."]);
  });

  test("styles that are based on each other in a circle end", async () => {
    const style = (id: string, base: string) =>
      `<w:style w:styleId="${id}"><w:basedOn w:val="${base}"/></w:style>`;
    const styles = `<w:styles>${style("a", "b")}${style("b", "a")}</w:styles>`;
    expect((await parsed(docxOf(wordParagraph("words", "a"), { "word/styles.xml": styles }))).text).toBe(
      "words",
    );
  });
});

describe("mail", () => {
  test("messages nested 20 deep are read to a depth, and the rest is told", async () => {
    const document = await parsed(nestedMail(20));
    expect(document.text).toContain("words at 7");
    expect(document.text).not.toContain("words at 8");
    expect(document.cuts).toEqual([
      "An attachment was left out. Messages within more than 8 others are not read.",
    ]);
  });

  const mail = (body: string, type = "text/plain") =>
    `From: a@b.c\nSubject: x\nMIME-Version: 1.0\nContent-Type: ${type}\n\n${body}`;
  const nestedParts = Array.from({ length: 100 }, (_, at) => 99 - at).reduce(
    (inner, at) => `Content-Type: multipart/mixed; boundary="b${at}"\n\n--b${at}\n${inner}\n--b${at}--\n`,
    "Content-Type: text/plain\n\nwords\n",
  );

  test.each([
    ["parts nested 100 deep", `From: a@b.c\nSubject: x\n${nestedParts}`, "unreadable"],
    ["a million parts", mail("--b\n\nhi\n".repeat(1e6), 'multipart/mixed; boundary="b"'), "too_large"],
    ["a million lines", mail("word \n".repeat(1e6)), "too_large"],
    ["headers without end", `From: a@b.c\nSubject: x\n${"X-A: b\n".repeat(1e6)}\nhi`, "too_large"],
  ])("%s", async (_, source, code) => {
    expect(await problemOf(source)).toMatchObject({ code });
  });

  test("more attachments than allowed are told", async () => {
    const parts = Array.from(
      { length: 5 },
      (_, at) => `--b\nContent-Disposition: attachment; filename=${at}.txt\n\nwords ${at}\n`,
    );
    const source = mail(`${parts.join("")}--b--\n`, 'multipart/mixed; boundary="b"');
    const document = await parsed(source, { limits: { attachmentsMax: 3 } });
    expect(document.text).toContain("words 2");
    expect(document.text).not.toContain("words 3");
    expect(document.cuts).toEqual(["Only the first 3 attachments were read."]);
  });
});

describe("texts that make careless readers quadratic or recursive", () => {
  test.each([
    ["HTML: elements within each other", "a.html", `<html>${"<div><table><tr><td><ul><li>".repeat(2e5)}deep`],
    ["HTML: nothing but elements", "a.html", `<html>${"<b> </b>".repeat(5e5)}deep`],
    ["HTML: breaks", "a.html", `<html><li>${"<br>".repeat(1e6)}deep`],
    ["HTML: tags that never end", "a.html", `<html>deep${"<a ".repeat(1e6)}`],
    ["HTML: comments that never end", "a.html", `<html>deep${"<!--".repeat(1e6)}`],
    ["HTML: spaces", "a.html", `<html><p>deep${" \n".repeat(2e6)}`],
    ["Markdown: quotes", "a.md", `deep\n${">".repeat(1e6)}`],
    ["Markdown: brackets", "a.md", `# deep ${"[".repeat(1e6)}`],
    ["Markdown: low lines", "a.md", `# deep ${"_".repeat(1e6)}a`],
    ["Markdown: rules", "a.md", `deep\n\n${"* ".repeat(1e6)}x`],
    ["Markdown: a rule of a table", "a.md", `|deep|\n|${"-".repeat(1e6)}x`],
    ["Markdown: empty lines", "a.md", `- deep\n${"\n".repeat(3e6)}x`],
    ["text: points", "a.txt", `deep${".".repeat(2e6)}x`],
    ["text: empty lines", "a.txt", `deep${"\n ".repeat(2e6)}x`],
    ["CSV: a quote that is never closed", "a.csv", `a,b\n"${"deep,b\n".repeat(2e5)}`],
    ["CSV: columns", "a.csv", `deep${",".repeat(3e6)}`],
    ["JSON: arrays within each other", "a.json", `["deep",${"[".repeat(2e6)}`],
    ["JSON: empty arrays", "a.json", `["deep"${",[]".repeat(2e6)}]`],
    ["JSON: a long name", "a.json", `{"deep${"k".repeat(1e6)}":[1${",1".repeat(5e5)}]}`],
    ["JSON: backslashes", "a.json", `["deep${"\\\\".repeat(2e6)}"]`],
  ])("%s", async (_, name, source) => {
    expect((await parsed(source, { name })).text).toContain("deep");
  });
});

describe("whatever the bytes", () => {
  const starts = [
    "",
    "%PDF-1.7\n",
    "PK\u0003\u0004",
    "From: a\nTo: b\n",
    "<html>",
    "{",
    "[",
    "a,b\n",
    "# ",
    "---\n",
  ];
  const names = ["a.md", "a.csv", "a.json", "a.html", "a.txt", "a.eml", undefined];

  const isAnswered = async (bytes: Uint8Array, name: string | undefined) => {
    const document = await parseDocument(bytes, name ? { name } : {}).catch((problem) => problem);
    if (document instanceof Error) expect(document.name).toBe("DocumentProblem");
    else expectSound(document);
  };

  test("there is a document or a problem", async () => {
    const bytes = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 400 }));
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...names), ([start, rest], name) =>
        isAnswered(new Uint8Array([...utf8(start), ...rest]), name),
      ),
    );
  });

  const good = [
    docxOf(wordParagraph("words of a document")),
    utf8(nestedMail(3)),
    utf8('{"a": [1, {"b": "words"}]}'),
    utf8("<html><table><tr><td>words<ul><li>more</table>"),
    utf8("# a\n\n- b\n\n| c | d |\n|---|---|\n| 1 | 2 |"),
  ];

  test("a good document that was damaged anywhere is a document or a problem", async () => {
    const damage = fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte: fc.nat(255) }),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...good),
        damage,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (bytes, changes, share) => {
          const damaged = bytes.slice(0, Math.ceil(bytes.length * Math.max(0.3, share)));
          for (const { at, byte } of changes) damaged[Math.floor(at * damaged.length)] = byte;
          await isAnswered(damaged, undefined);
        },
      ),
    );
  });
});
