import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TagParser } from "../../../device/tags.ts";
import type { OutputMode } from "../../../src/features/agent/output.ts";
import { chunked, filter, joined } from "./support.ts";

const CHART = {
  chartType: "bar",
  title: "Tasks by status",
  data: [
    { status: "todo", count: 4 },
    { status: "done", count: 2 },
  ],
  config: { count: { label: "Tasks", color: "#4f46e5" } },
};
const chartTag = (chart: unknown) => `<chart>${JSON.stringify(chart)}</chart>`;
const blocksOf = (text: string) =>
  joined(filter([text], "blocks").outputs).filter((each) => typeof each === "object");

/** Pieces of tags, tables and charts in any order: most are broken in some way. */
const taggedText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          "<task>",
          "</task>",
          "<timeline>[m1,m2]</timeline>",
          "<note>[n1]</note>",
          "[",
          "]",
          "!",
          "a",
          "b,",
          "invented",
        ],
        ...[
          "<task>[a, x ,b]</task>",
          "<task>[a",
          ',"c"',
          "]</task>",
          "<task>Buy milk</task>",
          "<project>[p]</project>",
        ],
        ...[
          "<chart>",
          "</chart>",
          "{",
          chartTag(CHART),
          '<chart>{"chartType":',
          "<",
          "<ta",
          "<b>",
          "```",
          "`",
          "\n",
          " ",
        ],
        ...[
          "| a | b |\n",
          "|---|---|\n",
          "| 1 | 2 |\n",
          "| only one |\n",
          "|",
          "  ",
          "Some words.",
          "😀",
          "日本",
        ],
        `<task>[${"a,".repeat(700)}c]</task>`,
      ),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { maxLength: 25 },
  )
  .map((parts) => parts.join(""));

const plainText = fc
  .array(
    fc.constantFrom(
      "Milk",
      "|",
      "<",
      ">",
      "[a]",
      "\n",
      " ",
      "`",
      "{}",
      "</p>",
      "a | b",
      "😀",
      "...",
      "<tasks>",
    ),
  )
  .map((parts) => parts.join(""))
  .filter((text) => !/^\s*\|/m.test(text));

describe.each<OutputMode>(["tags", "blocks", "plain"])("in mode %s", (mode) => {
  test("any way of cutting gives the same outputs and events", () => {
    fc.assert(
      fc.property(chunked(taggedText), ({ text, chunks }) => {
        const [whole, cut] = [filter([text], mode), filter(chunks, mode)];
        expect(joined(cut.outputs)).toEqual(joined(whole.outputs));
        expect(new Set(cut.events)).toEqual(new Set(whole.events));
        expect(cut.events).toHaveLength(whole.events.length);
      }),
      { numRuns: 1500 },
    );
  });

  test("text without tags and tables comes out unchanged", () => {
    fc.assert(
      fc.property(chunked(plainText), ({ text, chunks }) => {
        expect(filter(chunks, mode)).toMatchObject({ text, events: [] });
      }),
    );
  });

  test("a picture comes out as a link, whatever stood between its parts", () => {
    fc.assert(
      fc.property(chunked(taggedText), ({ chunks }) => {
        const texts = joined(filter(chunks, mode).outputs).filter((each) => typeof each === "string");
        for (const text of texts) expect(text).not.toContain("![");
      }),
    );
    const { text } = filter([..."See ![all](https://example.com/?q=secret)"], mode);
    expect(text).toBe("See ! [all](https://example.com/?q=secret)");
  });

  test("no half of a character goes out alone", () => {
    const { outputs } = filter(
      [..."a😀b"].flatMap((character) => character.split("")),
      mode,
    );
    for (const output of outputs) expect("text" in output && output.text.isWellFormed()).toBe(true);
  });
});

describe("entity tags", () => {
  test("keep the ids that tools returned in this turn and lose the others", () => {
    const { text, events } = filter(["Two: <task>[a, invented, b]</task>."]);
    expect(text).toBe("Two: <task>[a,b]</task>.");
    expect(events).toEqual([{ event: "output.entity_removed", entity: "task", count: 1 }]);
  });

  test("go when no id is left, and when an id belongs to another kind of row", () => {
    expect(filter(["See <task>[x]</task><note>[a]</note><timeline>[]</timeline>!"]).text).toBe("See !");
  });

  test("read a device's parser never an id that no tool returned, whatever the model writes", () => {
    fc.assert(
      fc.property(taggedText, (text) => {
        const parser = new TagParser();
        const known = {
          task: ["a", "b", "c"],
          timeline: ["m1", "m2", "m3"],
          note: ["n1"],
          project: [] as string[],
        };
        for (const piece of [...parser.push(filter([text]).text), ...parser.end()]) {
          if (piece.type !== "block" || piece.block.type !== "reference") continue;
          for (const id of piece.block.ids) expect(known[piece.block.entity]).toContain(id);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("give the same ids in parts when there are very many", () => {
    const ids = Array.from({ length: 300 }, (_, index) => ["a", "b", "c"][index % 3]).join(", ");
    const { text } = filter([`<task>[${ids}]</task>.`]);
    expect(text).toMatch(/^(<task>\[a,b,c\]<\/task>)+\.$/);
  });

  test("around a known id without brackets are mended, around words they are taken off", () => {
    expect(filter(["<task>a</task> and <task>Buy milk</task>"]).text).toBe("<task>[a]</task> and Buy milk");
    expect(filter(["<task>01936f7c-0000-7000-8000-000000000000</task>"]).text).toBe("");
  });

  test("cut off at the end of a response leave nothing", () => {
    expect(filter(["See <task>[a,b"]).text).toBe("See ");
  });

  test("and charts leave nothing where answers are plain text", () => {
    expect(filter([`Two <task>[a,b]</task>. ${chartTag(CHART)}Done.`], "plain").text).toBe("Two . Done.");
  });
});

describe("charts", () => {
  test("pass as they come where clients read inline tags", () => {
    const text = `Here: ${chartTag(CHART)} There.`;
    expect(filter([...text]).text).toBe(text);
    const outputs = filter([text.slice(0, 60), text.slice(60)]).outputs;
    expect(outputs[0]).toEqual({ text: text.slice(0, 60 - "<timeline>".length + 1) });
  });

  test("become blocks in their place", () => {
    expect(joined(filter([`Here: ${chartTag(CHART)} There.`], "blocks").outputs)).toEqual([
      "Here: ",
      { type: "chart", data: CHART },
      " There.",
    ]);
  });

  test.each([
    ["an unknown type", { ...CHART, chartType: "sankey" }],
    ["a series that is no number", { ...CHART, data: [{ status: "todo", count: "4" }] }],
    ["a series missing in one row", { ...CHART, data: [...CHART.data, { status: "late" }] }],
    ["no category", { ...CHART, data: [{ count: 4 }] }],
    ["two categories", { ...CHART, data: [{ status: "todo", owner: "Ana", count: 4 }] }],
    ["no series", { ...CHART, config: {} }],
    ["no rows", { ...CHART, data: [] }],
    ["JSON that does not parse", "{"],
  ])("are skipped and reported with %s", (_flaw, chart) => {
    const tag = typeof chart === "string" ? `<chart>{"a":</chart>` : chartTag(chart);
    const { text, events } = filter([`Before ${tag} after`], "blocks");
    expect(text).toBe("Before  after");
    expect(events).toEqual([{ event: "output.block_skipped", block: "chart", reason: "invalid" }]);
  });

  test("that never end do not let later tags pass unchecked", () => {
    const { text } = filter(['<chart>{"title":"x" and then <task>[invented,a]</task>']);
    expect(text).toBe('<chart>{"title":"x" and then <task>[a]</task>');
  });
});

describe("blocks", () => {
  test("of entities hold what tools returned, never what the model wrote", () => {
    expect(blocksOf("<task>[a]</task> <note>[n1]</note>")).toEqual([
      {
        type: "entity_ref",
        data: {
          type: "task",
          id: "a",
          title: "Task a",
          status: "todo",
          priority: null,
          assignee: null,
          dueDate: 5,
          projectId: null,
        },
      },
      { type: "entity_ref", data: { type: "note", id: "n1", title: null, createdAt: null, projectId: null } },
    ]);
  });

  test("of several milestones are one timeline, of one milestone a reference", () => {
    expect(blocksOf("<timeline>[m1,invented,m2]</timeline>")).toEqual([
      {
        type: "timeline",
        data: {
          timelines: [
            { id: "m1", title: "m1", date: 7 },
            { id: "m2", title: "m2", date: 7 },
          ],
        },
      },
    ]);
    expect(blocksOf("<timeline>[m1,invented]</timeline>")).toMatchObject([
      { type: "entity_ref", data: { id: "m1" } },
    ]);
  });

  test("of tables have headers and rows, with the text around them in its place", () => {
    const text =
      "Compare:\n\n| Task | Due |\n|:---|---:|\n| Milk \\| bread <task>[a]</task> | **today** |\n\nThat is all.";
    expect(joined(filter([text], "blocks").outputs)).toEqual([
      "Compare:\n\n",
      { type: "table", data: { headers: ["Task", "Due"], rows: [["Milk | bread", "**today**"]] } },
      "\nThat is all.",
    ]);
  });

  test("of tables are skipped and reported when a row is not as long as the headers", () => {
    const { text, events } = filter(["| a | b |\n|---|---|\n| 1 |\nAfter"], "blocks");
    expect(text).toBe("After");
    expect(events).toEqual([{ event: "output.block_skipped", block: "table", reason: "invalid" }]);
  });

  test.each([
    ["lines without a delimiter row", "| a | b |\n| 1 | 2 |\nAfter"],
    ["a delimiter row of another length", "| a | b |\n|---|\nAfter"],
    ["a table inside of a code block", "```\n| a |\n|---|\n| 1 |\n```\nAfter"],
    ["a single line at the end", "| a | b |"],
  ])("are not made of %s", (_case, text) => {
    expect(filter([text], "blocks")).toMatchObject({ text, events: [] });
  });

  test("are not made where clients read inline tags", () => {
    const text = "| a | b |\n|---|---|\n| 1 | 2 |\n";
    expect(filter([text], "tags").text).toBe(text);
    expect(filter([text], "plain").text).toBe(text);
  });
});
