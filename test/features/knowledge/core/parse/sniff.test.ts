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

  test("words that begin as a mark of something else does are words", async () => {
    for (const words of ["BMW builds otters.", "MZ is a letter pair.", "ID3 is a tag."]) {
      expect(await parsed(words)).toMatchObject({ type: "text", text: words });
    }
  });

  test("between kinds of text a claim decides", async () => {
    expect(await parsed("# words", { name: "a.txt" })).toMatchObject({ type: "text" });
    expect(await parsed("words", { name: "A.MD" })).toMatchObject({ type: "markdown" });
    expect(await parsed("<div>words</div>", { name: "README.md" })).toMatchObject({ type: "markdown" });
    expect(await parsed("words", { type: "text/csv; header=present" })).toMatchObject({ type: "csv" });
    expect(await parsed("Subject: words\n\nmore", { name: "a.eml" })).toMatchObject({ type: "eml" });
  });
});

const tapeArchive = Buffer.concat([Buffer.alloc(257, "a"), Buffer.from("ustar\0")]);

describe("what cannot be read says what to do instead", () => {
  test.each([
    ["an old Word document", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], /DOCX/],
    ["RTF", [...utf8("{\\rtf1 words}")], /DOCX/],
    ["a picture", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], /Pictures/],
    ["an archive", [0x1f, 0x8b, 8, 0], /Archives/],
    ["a tape archive", [...tapeArchive], /Archives/],
    ["a picture of a telephone", [0, 0, 0, 24, ...utf8("ftypheic"), 0, 0], /Pictures/],
    ["a film", [0, 0, 0, 24, ...utf8("ftypisom"), 0, 0], /films/],
    ["a database", utf8("SQLite format 3\0"), /CSV/],
    ["Outlook's parcel", [0x78, 0x9f, 0x3e, 0x22, 1, 2, 3], /winmail/],
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

  test.each([
    [
      "Shift_JIS",
      "これは日本語の文書です。休暇は年に二十八日あります。",
      "grGC6oLNk/qWe4zqgsyVto+RgsWCt4FCi3iJyYLNlE6CyZPxj1yUqpP6gqCC6ILcgreBQg==",
    ],
    [
      "EUC-JP",
      "これは日本語の文書です。休暇は年に二十八日あります。",
      "pLOk7KTPxvzL3LjspM7KuL3xpMekuaGjtdmyy6TPx6+ky8bzvb3IrMb8pKKk6qTepLmhow==",
    ],
    [
      "ISO-2022-JP",
      "これは日本語の文書です。休暇は年に二十八日あります。",
      "GyRCJDMkbCRPRnxLXDhsJE5KOD1xJEckOSEjNVkySyRPRy8kS0ZzPT1ILEZ8JCIkaiReJDkhIxsoQg==",
    ],
    [
      "GB 18030",
      "这是一份中文文件。每年有二十八天的假期。我们在北京的图书馆查过了。",
      "1eLKx9K7t93W0M7EzsS8/qGjw7/E6tPQtv7KrrDLzOy1xLzZxtqho87Sw8fU2rGxvqm1xM28yum53bLpuf3By6Gj",
    ],
    [
      "Big5",
      "這是一份中文文件。每年有二十八天的假期。我們在台北的圖書館查過了。",
      "s2+sT6RApfekpKTlpOWl86FDqEOmfqazpEekUaRLpNGqurCytMGhQ6farcymYqV4pV+qurnPrtHAXaxkuUykRqFD",
    ],
    [
      "EUC-KR",
      "이것은 한국어 문서입니다. 휴가는 일년에 이십팔일입니다.",
      "wMywzcC6IMfRsbm+7iC5rrytwNS0z7TZLiDI3rChtMIgwM+z4r+hIMDMvcrGyMDPwNS0z7TZLg==",
    ],
    [
      "Windows-1251",
      "Это документ. В году двадцать восемь дней отпуска.",
      "3fLuIOTu6vPs5e3yLiDCIOPu5PMg5OLg5Pbg8vwg4u7x5ez8IOTt5ekg7vLv8/Hq4C4=",
    ],
    [
      "KOI8-R",
      "Это документ. В году двадцать восемь дней отпуска.",
      "/NTPIMTPy9XNxc7ULiD3IMfPxNUgxNfBxMPB1Ngg18/Txc3YIMTOxcogz9TQ1dPLwS4=",
    ],
    [
      "Windows-1253",
      "Αυτό είναι ένα έγγραφο. Υπάρχουν είκοσι οκτώ ημέρες άδειας.",
      "wfX0/CDl3+3h6SDd7eEg3ePj8eH27y4g1fDc8ffv9e0g5d/q7/PpIO/q9P4g5+zd8eXyINzk5enh8i4=",
    ],
    [
      "Windows-1255",
      "זה מסמך בעברית. יש עשרים ושמונה ימי חופשה בשנה.",
      "5uQg7vHu6iDh8uH46fouIOn5IPL5+OntIOX57uXw5CDp7ukg5+X0+eQg4fnw5C4=",
    ],
    [
      "Windows-1256",
      "هذه وثيقة باللغة العربية. هناك ثمانية وعشرون يوم إجازة.",
      "5dDlIObL7d7JIMjH4eHbySDH4drRyO3JLiDl5MffIMvjx+TtySDm2tTR5uQg7ebjIMXMx9LJLg==",
    ],
    [
      "Windows-1250",
      "Zażółć gęślą jaźń. Wydry żyją w rzece, są śliczne.",
      "WmG/87PmIGfqnGy5IGphn/EuIFd5ZHJ5IL95arkgdyByemVjZSwgc7kgnGxpY3puZS4=",
    ],
    [
      "ISO-8859-2",
      "Zażółć gęślą jaźń. Wydry żyją w rzece, są śliczne.",
      "WmG/87PmIGfqtmyxIGphvPEuIFd5ZHJ5IL95arEgdyByemVjZSwgc7EgtmxpY3puZS4=",
    ],
    [
      "Mac OS Roman",
      "Die Bürger müssen für die Straße zahlen – größer, schöner.",
      "RGllIEKfcmdlciBtn3NzZW4gZp9yIGRpZSBTdHJhp2UgemFobGVuINAgZ3Kap2VyLCBzY2iabmVyLg==",
    ],
  ])("%s that nobody named is told by what comes out, and noted", async (name, text, base64) => {
    const document = await parsed(new Uint8Array(Buffer.from(base64, "base64")));
    expect(document.text).toBe(text);
    // That one says itself what it is.
    if (name !== "ISO-2022-JP") expect(document.cuts).toEqual([expect.stringContaining("encoded")]);
  });

  test.each([
    "L’été dernier, où étaient-ils ? « Ça va », dit-elle : 5 €.",
    "¿Cuándo volverá el señor Núñez? Mañana, según él.",
    "Às vezes não há ninguém à espera; são três irmãos.",
    "Blåbærsyltetøy på brødet, åh så godt. Öl är gott, sa Åsa.",
    "Perché no? È già così, più o meno. 20 °C, ½ l, n° 3 ©",
    "Grüße aus Köln – schöne Wörter für alle, § 3 Abs. ² 100 µm",
    "Þetta reddast, sagði Ásgeir Jónsson æðislega.",
    "MÜNCHEN GRÖSSE ÄRGER: ÜBUNG",
  ])("%s is Western, and nothing is noted", async (text) => {
    const western: Record<string, number> = { "’": 0x92, "€": 0x80, "–": 0x96 };
    const bytes = Uint8Array.from(text, (letter) => western[letter] ?? letter.charCodeAt(0));
    const document = await parsed(bytes);
    expect(document).toMatchObject({ text, cuts: [] });
  });

  test("a text that begins in ASCII and breaks off within a character is told as well", async () => {
    const bytes = Buffer.concat([
      Buffer.from("A long beginning.\n".repeat(50)),
      Buffer.from("gqCCzJDsgqmC54LMjuiOhoK/guWCpIKxgsaCqILogsWCtYK9gUI=", "base64"),
      Buffer.from([0x82]),
    ]);
    expect((await parsed(new Uint8Array(bytes))).cuts).toEqual([expect.stringContaining("SHIFT_JIS")]);
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
