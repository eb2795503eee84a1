import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CHUNK_SETTINGS,
  type Chunk,
  chunkDocument,
  searchableText,
} from "../../../../src/features/knowledge/core/chunk.ts";
import { DocumentBuilder } from "../../../../src/features/knowledge/core/parse/builder.ts";
import type { ParsedDocument } from "../../../../src/features/knowledge/core/parse/document.ts";
import { readMarkdown } from "../../../../src/features/knowledge/core/parse/markdown.ts";
import { countTokens, piecesOf } from "../../../../src/features/knowledge/core/tokens.ts";

const KEY = new Uint8Array(32).fill(7);

function markdown(source: string): ParsedDocument {
  const builder = new DocumentBuilder();
  readMarkdown(source, builder);
  return builder.finish("markdown");
}

const chunked = (source: string, tokensMax: number, overlapTokens = 0) =>
  chunkDocument(markdown(source), { tokensMax, overlapTokens }, KEY);
const texts = (chunks: readonly Chunk[]) => chunks.map(({ text }) => text);
const sentence = (number: number) =>
  `Sentence number ${number} says something of its own about topic ${number % 7}.`;
const paragraph = (number: number) => [0, 1, 2].map((part) => sentence(number * 3 + part)).join(" ");

const words = fc.constantFrom(
  "alpha",
  "Straße",
  "東京都は広い",
  "x".repeat(200),
  "🎉",
  "42",
  "e.g.",
  "end.",
  "\t",
  "…",
);
const prose = fc.array(words, { minLength: 1, maxLength: 40 }).map((list) => list.join(" "));
const block = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 6 }), prose).map(([level, text]) => `${"#".repeat(level)} ${text}`),
  prose,
  fc.array(prose, { minLength: 1, maxLength: 5 }).map((items) => items.map((item) => `- ${item}`).join("\n")),
  prose.map((text) => `\`\`\`\n${text}\n\n  ${text}\n\`\`\``),
  fc
    .array(prose, { minLength: 1, maxLength: 5 })
    .map((rows) => `| a | b |\n|---|---|\n${rows.map((row) => `| ${row} | 1 |`).join("\n")}`),
  fc.string({ unit: "binary", maxLength: 100 }),
);
const documents = fc.array(block, { maxLength: 12 }).map((blocks) => markdown(blocks.join("\n\n")));
const settings = fc.record({
  tokensMax: fc.integer({ min: 16, max: 200 }),
  overlapTokens: fc.integer({ min: 0, max: 80 }),
});

describe("whatever the document and the settings", () => {
  const holds = (check: (document: ParsedDocument, chunks: Chunk[], tokensMax: number) => void) =>
    fc.assert(
      fc.property(documents, settings, (document, chosen) =>
        check(document, chunkDocument(document, chosen, KEY), chosen.tokensMax),
      ),
    );

  test("every character that is no space is in a chunk", () => {
    holds((document, chunks) => {
      const covered = new Uint8Array(document.text.length);
      for (const { position } of chunks) covered.fill(1, position.start, position.end);
      const missing = [...covered.keys()].filter((at) => !covered[at] && /\S/.test(document.text[at]!));
      expect(missing).toEqual([]);
    });
  });

  test("no chunk is over its budget", () => {
    holds((_, chunks, tokensMax) => {
      for (const { text, tokens } of chunks) {
        expect(tokens).toBeLessThanOrEqual(tokensMax);
        expect(countTokens(text)).toBeLessThanOrEqual(tokens);
      }
    });
  });

  test("a chunk is what its position says, in order, and never empty or half a character", () => {
    holds((document, chunks) => {
      for (const [index, { text, position }] of chunks.entries()) {
        expect(document.text.slice(position.start, position.end)).toBe(text);
        expect(text.trim()).toBe(text);
        expect(text).not.toBe("");
        expect(text.isWellFormed()).toBe(true);
        const before = chunks[index - 1]?.position;
        expect(position.start).toBeGreaterThanOrEqual(before?.start ?? 0);
        expect(position.end).toBeGreaterThan(before?.end ?? 0);
      }
    });
  });

  test("the headings of a chunk stand above it", () => {
    holds((document, chunks) => {
      const headings = document.blocks.filter(({ kind }) => kind === "heading");
      for (const { position } of chunks) {
        const above = headings.filter(({ start }) => start <= position.start).map(({ text }) => text);
        const own = position.heading.filter((line) => !document.blocks.some(({ head }) => head === line));
        expect(own.filter((heading) => !above.includes(heading))).toEqual([]);
      }
    });
  });
});

describe("along the structure", () => {
  test("a section that is large enough is a chunk of its own, with the headings above it", () => {
    const source = `# Guide\n\n## First\n\n${paragraph(1)}\n\n## Second\n\n${paragraph(2)}`;
    const chunks = chunked(source, 64);
    expect(texts(chunks).map((text) => text.split("\n")[0])).toEqual(["Guide", "Second"]);
    expect(chunks[1]?.position.heading).toEqual(["Guide", "Second"]);
  });

  test("small sections go together", () => {
    expect(chunked("# One\n\nShort.\n\n# Two\n\nShort.", 200)).toHaveLength(1);
  });

  test("a heading is never the last of a chunk", () => {
    const source = Array.from({ length: 30 }, (_, index) => `## Part ${index}\n\n${sentence(index)}`).join(
      "\n\n",
    );
    for (const { text } of chunked(source, 40)) expect(text.split("\n").at(-1)).toMatch(/\.$/);
  });

  test("a paragraph is cut after a sentence", () => {
    const source = Array.from({ length: 40 }, (_, index) => sentence(index)).join(" ");
    for (const { text } of chunked(source, 60)) expect(text).toMatch(/^Sentence .*\.$/s);
  });

  test("a table is cut between rows, and each part has the names of its columns", () => {
    const rows = Array.from({ length: 40 }, (_, index) => `| Person ${index} | ${index} |`);
    const chunks = chunked(`| Name | Age |\n|---|---|\n${rows.join("\n")}`, 50);
    expect(chunks.length).toBeGreaterThan(2);
    for (const { position } of chunks.slice(1)) expect(position.heading).toEqual(["| Name | Age |"]);
    for (const { text } of chunks) expect(text).toMatch(/^\|.*\|$/s);
    expect(searchableText(chunks[1]!)).toMatch(/^\| Name \| Age \|\n/);
  });

  test("what is repeated is whole sentences from the end before, within the section", () => {
    const source = `${Array.from({ length: 20 }, (_, index) => sentence(index)).join(" ")}\n\n# Next\n\n${paragraph(9)}`;
    const chunks = chunked(source, 80, 25);
    const repeated = chunks
      .slice(1)
      .map(({ position }, index) => chunks[index]!.position.end - position.start);
    expect(repeated.slice(0, -1).every((length) => length > 0)).toBe(true);
    expect(repeated.at(-1)).toBeLessThan(0);
  });
});

describe("the content hash", () => {
  const document = Array.from({ length: 400 }, (_, index) => paragraph(index));
  const hashes = (paragraphs: readonly string[], key = KEY) =>
    chunkDocument(markdown(paragraphs.join("\n\n")), CHUNK_SETTINGS, key).map(
      ({ contentHash }) => contentHash,
    );

  test.each([0, 1, 50, 399])("most chunks keep it when something is inserted at paragraph %i", (at) => {
    const before = hashes(document);
    const after = new Set(hashes(document.toSpliced(at, 0, "Something new stands here.")));
    const kept = before.filter((hash) => after.has(hash));
    expect(kept.length).toBeLessThan(before.length);
    expect(kept.length).toBeGreaterThan(before.length * 0.9);
  });

  test("is another for another text, other headings and another key", () => {
    const [own] = chunked("# Title\n\nwords", 50);
    expect(chunked("# Title\n\nother", 50)[0]?.contentHash).not.toBe(own?.contentHash);
    expect(hashes(["words"])).not.toEqual(hashes(["words"], new Uint8Array(32)));
    expect(hashes(["words"])).toEqual(hashes(["words"]));
  });
});

describe("tokens", () => {
  test.each([
    ["a sentence of plain words", "The cat sat on the mat.", 7],
    ["a long word", "internationalisation", 4],
    ["digits", "1234567", 3],
    ["Chinese", "人工智能", 4],
    ["no text", "", 0],
  ])("of %s", (_, text, tokens) => {
    expect(countTokens(text)).toBe(tokens);
  });

  test("a text is split without a gap, and two parts never have fewer tokens than the whole", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.nat(200), (text, cut) => {
        let at = 0;
        for (const { start, end } of piecesOf(text)) {
          expect(start).toBe(at);
          at = end;
        }
        expect(at).toBe(text.length);
        const parts = countTokens(text.slice(0, cut)) + countTokens(text.slice(cut));
        expect(parts + 1).toBeGreaterThanOrEqual(countTokens(text));
      }),
    );
  });
});
