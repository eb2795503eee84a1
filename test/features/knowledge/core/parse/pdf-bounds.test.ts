/** PDFs that are made to hang, exhaust or crash their reader; see `bounds.test.ts`. */
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../../../src/features/knowledge/core/parse/parse.ts";
import { pdfOf, pdfStream, pdfText, protectedPdf, utf8 } from "../../../../support/documents.ts";
import { parsed, problemOf } from "./support.ts";

const MB = 1024 * 1024;

describe("PDF", () => {
  const form = (content: string, resources = "", filter = "") =>
    pdfStream(content, {
      dictionary: `/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << ${resources} >> >>`,
      filter,
    });
  const lines = "0 0 m\n".repeat(1_500_000);
  const twice = deflateSync(deflateSync(Buffer.alloc(60 * MB, 0x20)));

  test.each([
    ["a stream that unpacks to 60 MB", pdfStream(new Uint8Array(60 * MB).fill(0x20))],
    ["the same by two filters", pdfStream(twice, { filter: "[/FlateDecode /FlateDecode]" })],
    [
      "the same under a name that is written otherwise",
      pdfStream(deflateSync(Buffer.alloc(60 * MB, 0x20)), { filter: "/Fl#61teDecode" }),
    ],
    [
      "the same with a comment before it",
      Buffer.from(
        pdfStream(new Uint8Array(60 * MB).fill(0x20))
          .toString("latin1")
          .replace("stream", "% x\nstream"),
        "latin1",
      ),
    ],
    [
      "a page that says it is a picture",
      pdfStream(new Uint8Array(60 * MB).fill(0x20), { dictionary: "/Subtype /Image" }),
    ],
  ])("%s is not unpacked, and the other pages are read", async (_, page) => {
    expect((await parsed(pdfOf([page, pdfStream(pdfText("the other page"))]))).text).toBe("the other page");
  });

  test("a form that draws two that draw two, forty times, is left out", async () => {
    const more = Array.from(
      { length: 40 },
      (_, at) => [10 + at, form("/A Do /B Do", `/A ${11 + at} 0 R /B ${11 + at} 0 R`)] as const,
    );
    const page = pdfStream(`${pdfText("before")}/X Do`);
    const bytes = pdfOf([page], {
      resources: "/XObject << /X 10 0 R >>",
      more: [...more, [50, form("0 0 m")]],
    });
    const document = await parsed(bytes);
    expect(document.text).toBe("before");
    expect(document.cuts).toEqual(["Parts of the PDF are too large or damaged and were left out."]);
  });

  test("a form that draws itself is left out", async () => {
    const page = pdfStream(`${pdfText("before")}/X Do`);
    const bytes = pdfOf([page], {
      resources: "/XObject << /X 10 0 R >>",
      more: [[10, form("/X Do", "/X 10 0 R")]],
    });
    expect((await parsed(bytes)).text).toBe("before");
  });

  test("a page that consists of the same stream 500 times", async () => {
    const bytes = pdfOf([`[${"10 0 R ".repeat(500)} 11 0 R]`], {
      more: [
        [10, pdfStream(lines)],
        [11, pdfStream(pdfText("after it"))],
      ],
    });
    expect((await parsed(bytes)).text).toBe("after it");
  });

  test("pages that take too long are left out, and told", async () => {
    const page = pdfStream(pdfText("words") + "0 0 m\n".repeat(200_000));
    const document = await parsed(pdfOf(Array.from({ length: 500 }, () => page)), { limits: { timeMs: 1 } });
    expect(document.text).toMatch(/^words/);
    expect(document.cuts).toEqual([
      expect.stringMatching(/^Reading took too long after \d+ pages; the rest was left out\.$/),
    ]);
  });

  const drawn = pdfStream(pdfText("drawn"), {
    dictionary: "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 4 0 R >> >>",
  });
  const typed = "<< /Subtype /FreeText /Rect [10 10 20 20] /DA (/F1 12 Tf) /AP << /N 21 0 R >> >>";

  test.each([
    ["a list in the page", `/Annots [${"20 0 R ".repeat(50_000)}]`],
    ["a list of its own", "/Annots 30 0 R"],
    ["a list under a name that is written otherwise", "/An#6eots 30 0 R"],
    ["a list behind something long", `/X (${" ".repeat(70_000)}) /Annots [${"20 0 R ".repeat(50_000)}]`],
  ])("far too many notes are left out, and told: %s", async (_, list) => {
    const bytes = pdfOf([pdfStream(pdfText("words"))], {
      resources: `>> ${list} /Other <<`,
      more: [
        [20, typed],
        [21, drawn],
        [30, `[${"20 0 R ".repeat(50_000)}]`],
      ],
    });
    const document = await parsed(bytes);
    expect(document.text).toBe("words");
    expect(document.cuts).toEqual([
      "Filled fields and notes on the pages were left out; there may be too many.",
    ]);
  });

  const composite = (
    codes: string,
    widths = "",
    more: readonly (readonly [number, string | Buffer])[] = [],
  ) => {
    const bytes = pdfOf([pdfStream("BT /F2 12 Tf 72 700 Td <00480069> Tj ET")], {
      more: [
        [
          20,
          "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [21 0 R] /ToUnicode 22 0 R >>",
        ],
        [21, `<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /FontDescriptor 23 0 R ${widths} >>`],
        [22, pdfStream(`begincmap 1 beginbfrange ${codes} endbfrange endcmap`)],
        [23, "<< /Type /FontDescriptor /FontName /X /Flags 4 /FontBBox [0 0 9 9] >>"],
        ...more,
      ],
    });
    // The page has one font alone.
    const source = Buffer.from(bytes).toString("latin1");
    const own = source.replace("/Font << /F1 4 0 R >>", "/Font << /F2 20 0 R>>");
    return new Uint8Array(Buffer.from(own, "latin1"));
  };

  test.each([
    ["a range", "<00000000> <00fffffe> <0000>"],
    ["one with spaces and comments in it", "<00 000000> % x\n <00 ff ff fe> <0000>"],
    ["one with other marks in it", "<00x000000> <00<fffffe> [<0000>]"],
    ["one that only begins below", "<ff00000000> <0000fffffe> 0"],
  ])("a font whose table of codes would fill the memory is read without it: %s", async (_, codes) => {
    expect((await parsed(composite("<0000> <00ff> <0000>"))).cuts).toEqual([]);
    const document = await parsed(composite(codes));
    expect(document.cuts).toEqual(["Parts of the PDF are too large or damaged and were left out."]);
  });

  test("a table of codes that is damaged behind its range is none for the reader either", async () => {
    const codes = Buffer.from(
      "begincmap 1 beginbfrange <00000000> <00fffffe> <0000> endbfrange endcmap ".repeat(9),
    );
    const packed = deflateSync(codes);
    packed.fill(0xff, packed.length - 9);
    const table = pdfStream(packed, { filter: "/Fl#61teDecode" });
    const document = await parsed(composite("<0000> <00ff> <0000>", "", [[22, table]]));
    expect(document.cuts).toEqual(["Parts of the PDF are too large or damaged and were left out."]);
  });

  test.each([
    ["in the font", "/W [0 30000000 500]", []],
    ["written otherwise", "/W [0 3e7 500]", []],
    ["for lines from top to bottom", "/W2 [0 30000000 500 1 2]", []],
    ["in a list of its own", "/W 30 0 R", [[30, "[0 30000000 500]"]]],
    ["in numbers of their own", "/W [0 30 0 R 500]", [[30, "30000000"]]],
    ["behind something long", `/X (${" ".repeat(70_000)}) /W [0 30000000 500]`, []],
  ] as const)("widths that would fill the memory are refused: %s", async (_, widths, more) => {
    expect((await parsed(composite("<0000> <00ff> <0000>", "/W [0 [500 600] 30 65535 500]"))).text).toBe(
      "Hi",
    );
    expect(await problemOf(composite("<0000> <00ff> <0000>", widths, more))).toMatchObject({
      code: "too_large",
    });
  });

  test("a page that saves its state without end is left out", async () => {
    const often = pdfStream(`${"q Q ".repeat(100_000)}${pdfText("often")}`);
    const deep = pdfStream(`${"q (Q Q) ".repeat(100_000)}${pdfText("deep")}`);
    const document = await parsed(pdfOf([often, deep]));
    expect(document.text).toBe("often");
    expect(document.cuts).toEqual(["Parts of the PDF are too large or damaged and were left out."]);
  });

  test("no more pages are read than allowed, however many it says it has", async () => {
    const pages = Array.from({ length: 5 }, (_, page) => pdfStream(pdfText(`page ${page}`)));
    const document = await parsed(pdfOf(pages), { limits: { pagesMax: 2 } });
    expect(document.text).toBe("page 0\n\npage 1");
    expect(document.cuts).toEqual(["Only the first 2 pages were read."]);
  });

  test.each([
    ["arrays within each other", () => pdfOf([pdfStream(pdfText("words") + "[".repeat(1e6))])],
    ["dictionaries within each other", () => utf8(`%PDF-1.7\n1 0 obj ${"<< /A ".repeat(1e5)}`)],
    ["half a million objects", () => utf8(`%PDF-1.7\n${"1 0 obj <<>> endobj\n".repeat(600_000)}`)],
    ["streams that never end", () => utf8(`%PDF-1.7\n${"1 0 obj<<>>stream\n".repeat(200_000)}`)],
    ["random bytes", () => randomBytes(8 * MB, "%PDF-1.7\n")],
  ])("%s", async (_, make) => {
    const document = await parseDocument(make()).catch((problem) => problem);
    expect(document instanceof Error ? document.name : "document").toMatch(/^(DocumentProblem|document)$/);
  });
});

describe("protected PDFs", () => {
  test("one that opens for everybody is read", async () => {
    expect((await parsed(protectedPdf(pdfText("protected words"), ""))).text).toBe("protected words");
  });

  test("one that asks for a password is refused with the reason", async () => {
    expect(await problemOf(protectedPdf(pdfText("words"), "secret"))).toMatchObject({ code: "protected" });
  });

  test("what is large in one is left out, since nobody can see how large it becomes", async () => {
    const noise = Buffer.from(randomBytes(400_000, ""))
      .toString("latin1")
      .replace(/[()\\\r\n]/g, " ");
    const problem = await problemOf(protectedPdf(`%${noise}\n${pdfText("words")}`, ""));
    expect(problem.message).toContain("too large");
  });
});

/** From a linear congruential generator: the same each time. */
function randomBytes(length: number, start: string): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  bytes.set(utf8(start));
  return bytes;
}
