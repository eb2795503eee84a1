import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Piece, TagParser } from "../../device/tags.ts";

const CHART =
  '{"chartType":"bar","title":"Tasks < 5","data":[{"status":"todo","n":3}],"config":{"n":{"label":"Tasks"}}}';
const chart = JSON.parse(CHART);

function parse(...chunks: string[]): Piece[] {
  const parser = new TagParser();
  return merged([...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()]);
}

/** Where text is cut is of no meaning. */
function merged(pieces: Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.type === "text" && last?.type === "text") last.text += piece.text;
    else result.push({ ...piece });
  }
  return result;
}

const text = (value: string): Piece => ({ type: "text", text: value });
const reference = (entity: "task" | "project" | "note" | "timeline", ...ids: string[]): Piece => ({
  type: "block",
  block: { type: "reference", entity, ids },
});

describe("inline tags", () => {
  it("become references and charts between the texts around them", () => {
    expect(parse(`Two: <task>[a-1, b-2]</task>, <note>["n"]</note>.\n<chart>${CHART}</chart> Done.`)).toEqual(
      [
        text("Two: "),
        reference("task", "a-1", "b-2"),
        text(", "),
        reference("note", "n"),
        text(".\n"),
        { type: "block", block: { type: "chart", chart } },
        text(" Done."),
      ],
    );
  });

  it.each([
    ["a list of nothing", "a<task>[]</task>b", "ab"],
    ["words for ids", "a<task>the first one</task>b", "ab"],
    ["an id with a blank", "a<note>[one two]</note>b", "ab"],
    ["a chart that is not JSON", "a<chart>{oops}</chart>b", "ab"],
    ["a chart of an unknown type", `a<chart>${CHART.replace("bar", "gauge")}</chart>b`, "ab"],
    ["a chart with a text for a number", `a<chart>${CHART.replace(":3", ':"3"')}</chart>b`, "ab"],
    ["a list cut off by the end", "a<task>[id1,id", "a"],
    ["a chart cut off by the end", 'a<chart>{"chartType":', "a"],
  ])("are dropped with their body when they hold %s", (_what, source, rest) => {
    expect(parse(source)).toEqual([text(rest)]);
  });

  it.each([
    "a < b and <b>bold</b>",
    "the <task> tag is explained\nelsewhere",
    "</task> alone",
    "<tasks>[a]</tasks> and <TASK>[a]</TASK>",
    "<task>",
    "<chart",
    "<task>[see below] and more prose",
    `<note>${"x".repeat(300)}</note>`,
  ])("are text when they are none: %s", (source) => {
    expect(parse(source)).toEqual([text(source)]);
  });

  it("do not swallow a tag that follows a false start", () => {
    expect(parse("<task>no <note>[n1]</note>")).toEqual([text("<task>no "), reference("note", "n1")]);
  });

  const fragment = fc.oneof(
    fc.constantFrom(
      "<",
      "</",
      ">",
      "[",
      "]",
      "{",
      "}",
      ",",
      '"',
      "\n",
      " ",
      "<task>",
      "</task>",
      "<chart>",
      "</chart>",
    ),
    fc.constantFrom(
      "<task>[a1,b2]</task>",
      "<project>[p]</project>",
      `<chart>${CHART}</chart>`,
      " ".repeat(70),
      "x".repeat(300),
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const source = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""));

  it("give the same pieces however the text is cut", () => {
    fc.assert(
      fc.property(source, fc.array(fc.nat(400), { maxLength: 20 }), (whole, cuts) => {
        const points = [...new Set(cuts.map((cut) => Math.min(cut, whole.length)))].sort((a, b) => a - b);
        const chunks = [0, ...points].map((from, index) => whole.slice(from, points[index] ?? whole.length));
        expect(parse(...chunks)).toEqual(parse(whole));
        expect(parse(...whole)).toEqual(parse(whole));
      }),
      { numRuns: 1000 },
    );
  });

  it("leave text without a tag unchanged and hold back nothing that cannot become one", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: "binary", maxLength: 8 }).map((part) => part.replaceAll("<", "")),
          { maxLength: 20 },
        ),
        (chunks) => {
          const parser = new TagParser();
          for (const chunk of chunks) {
            expect(parser.push(chunk)).toEqual(chunk === "" ? [] : [text(chunk)]);
          }
          expect(parser.end()).toEqual([]);
        },
      ),
    );
  });

  it.each([
    ["1 <", "1 ", " 2", "< 2"],
    ["see <ta", "see ", "ble>", "<table>"],
    ["<task>fine\n", "<task>fine\n", "x", "x"],
  ])("release what was held back as soon as it is no tag: %j", (first, shown, second, released) => {
    const parser = new TagParser();
    expect(merged(parser.push(first))).toEqual([text(shown)]);
    expect(merged(parser.push(second))).toEqual([text(released)]);
  });
});
