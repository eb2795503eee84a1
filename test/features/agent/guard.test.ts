import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FragmentIndex, fragmentIndexOf, secretTexts } from "../../../src/features/agent/fragment-index.ts";
import { holdsFragment } from "../../../src/features/agent/guard.ts";
import { chunked, countOf, type Filtered, filter, newFilter, SECRETS } from "./support.ts";

const SECRET = SECRETS[0]!;
const blockedIn = (filtered: Filtered) => countOf(filtered, "output.fragment_blocked");
const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];

/** A plain account of what a fragment is: windows of words that some secret holds too. */
function repeatsFragment(text: string): boolean {
  const all = words(text);
  return [
    { size: 8, letters: 24 },
    { size: 5, letters: 48 },
    { size: 6, letters: 48 },
    { size: 7, letters: 48 },
  ].some(({ size, letters }) =>
    all.some((_word, at) => {
      const window = all.slice(at, at + size);
      if (window.length < size || window.join("").length < letters) return false;
      return SECRETS.some((secret) => ` ${words(secret).join(" ")} `.includes(` ${window.join(" ")} `));
    }),
  );
}

/** Sentences that share many words and short runs with the secrets, and now and then a long run. */
const nearSecrets = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...words(SECRETS.slice(0, 2).join(" "))) },
      { weight: 2, arbitrary: fc.constantFrom("milk", "Tuesday", "42", "—", "**", "\n\n", "<note>", "_,") },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.nat(60), fc.nat(12)).map(([from, length]) =>
          words(SECRET)
            .slice(from, from + length)
            .join(" "),
        ),
      },
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(" "));

describe("text that repeats prompts", () => {
  test("goes out without any fragment, and untouched when it holds none", () => {
    fc.assert(
      fc.property(chunked(nearSecrets), ({ text, chunks }) => {
        const filtered = filter(chunks, "plain");
        expect(repeatsFragment(filtered.text)).toBe(false);
        if (repeatsFragment(text)) expect(blockedIn(filtered)).toBeGreaterThan(0);
        else expect([filtered.text, blockedIn(filtered)]).toEqual([text, 0]);
      }),
      { numRuns: 2000 },
    );
  });

  test("comes out the same however it is cut into chunks", () => {
    fc.assert(
      fc.property(chunked(nearSecrets), ({ text, chunks }) => {
        const [whole, cut] = [filter([text]), filter(chunks)];
        expect([cut.text, cut.events]).toEqual([whole.text, whole.events]);
      }),
      { numRuns: 2000 },
    );
  });

  test("loses the fragment and keeps what stands around it", () => {
    const filtered = filter([`Sure, here it is: ${SECRET} Anything else?`]);
    expect(filtered.text).toBe("Sure, here it is: You are . Anything else?");
    expect(blockedIn(filtered)).toBe(1);
  });

  test.each([
    ["capitals", SECRET.toUpperCase()],
    ["line breaks", SECRET.replaceAll(" ", "\n")],
    [
      "Markdown",
      words(SECRET)
        .map((word) => `**${word}**`)
        .join("_ _"),
    ],
    [
      "numbered words",
      words(SECRET)
        .map((word, index) => `${index + 1}. ${word}`)
        .join("\n"),
    ],
    [
      "full-width letters",
      SECRET.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
    ],
    ["invisible characters", [...SECRET].join("\u200b")],
    ["accents", SECRET.replaceAll("e", "é")],
    ["tags between the words", SECRET.replaceAll(" ", " <note>[x]</note> ")],
    ["another language", SECRETS[2]!],
  ])("is recognised in %s", (_disguise, text) => {
    const filtered = filter([...text]);
    expect(blockedIn(filtered)).toBeGreaterThan(0);
    expect(filtered.text.length).toBeLessThan(text.length / 2);
  });

  test("is recognised inside a chart and a table", () => {
    const row = JSON.stringify({ name: SECRET, count: 1 });
    const chart = `<chart>{"chartType":"bar","data":[${row}],"config":{"count":{}}}</chart>`;
    const table = `| a |\n|---|\n${SECRET.split(". ")
      .map((sentence) => `| ${sentence} |\n`)
      .join("")}`;
    for (const [block, text] of Object.entries({ chart, table })) {
      const { text: out, events } = filter([text], "blocks");
      expect([out, events]).toEqual(["", [{ event: "output.block_skipped", block, reason: "secret" }]]);
    }
    expect(blockedIn(filter([chart], "tags"))).toBe(1);
  });

  test("counts what a model is told of its tools", () => {
    const description = "Moves one task into another project and keeps its comments where they are.";
    const tool = { name: "move_task", description, inputSchema: { type: "object" } };
    expect(holdsFragment(new FragmentIndex(secretTexts([], [tool])), `It ${description}`)).toBe(true);
  });

  test("counts separately for each text: an end and a beginning are no fragment", () => {
    const secrets = ["one two three four five", "six seven eight nine ten eleven"];
    expect(filter(["one two three four five six seven eight nine ten"], "tags", secrets).events).toEqual([]);
  });
});

describe("ordinary text", () => {
  test("goes out at once, delta by delta", () => {
    const deltas = [
      "You",
      " have",
      " three",
      " tasks",
      " due",
      " today",
      ":",
      " call",
      " Anna",
      ",",
      " buy",
      " milk.",
    ];
    const outputFilter = newFilter();
    for (const delta of deltas) expect(outputFilter.push(delta)).toEqual([{ text: delta }]);
  });

  test("is held back from the third word of what a prompt holds, and goes out when it turns into something else", () => {
    expect(filter(["You are Adjutant, the assistant of my dreams."]).text).toBe(
      "You are Adjutant, the assistant of my dreams.",
    );
    const outputFilter = newFilter();
    expect(outputFilter.push("You are Adjutant, the ")).toEqual([{ text: "You are " }]);
    expect(outputFilter.push("best")).toEqual([]);
    expect(outputFilter.push("!")).toEqual([{ text: "Adjutant, the best!" }]);
  });

  test("never waits behind more than 2,048 characters", () => {
    const hostile = fc
      .array(
        fc.oneof(
          fc.constantFrom(...words(SECRET)),
          fc.constantFrom(
            "<task>[",
            "<task>",
            "<chart>{",
            "a,",
            '"',
            "]",
            "</task>",
            "<",
            "| x |",
            "\n",
            " ".repeat(60),
          ),
          fc.string({ unit: "binary", maxLength: 80 }),
          fc.nat(3000).map((length) => "y".repeat(length)),
          fc.nat(200).map((count) => "id,".repeat(count)),
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join(" "));
    fc.assert(
      fc.property(hostile, fc.nat(), (text, cut) => {
        const outputFilter = newFilter();
        outputFilter.push(text.slice(0, cut % (text.length + 1)));
        const held = outputFilter.end().map((output) => ("text" in output ? output.text : ""));
        expect(held.join("").length).toBeLessThanOrEqual(2048);
      }),
      { numRuns: 1000 },
    );
  });
});

test("the index of a set of prompts is made once", () => {
  expect(fragmentIndexOf([...SECRETS])).toBe(fragmentIndexOf([...SECRETS]));
  expect(fragmentIndexOf(["another"])).not.toBe(fragmentIndexOf([...SECRETS]));
});
