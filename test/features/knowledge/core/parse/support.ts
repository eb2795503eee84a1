import { expect } from "vitest";
import {
  type Block,
  DocumentProblem,
  type ParsedDocument,
  type ParseOptions,
} from "../../../../../src/features/knowledge/core/parse/document.ts";
import { parseDocument } from "../../../../../src/features/knowledge/core/parse/parse.ts";
import { utf8 } from "../../../../support/documents.ts";

/** `kind: text`, with the level of headings. */
export function outline({ blocks }: ParsedDocument): string[] {
  return blocks.map(({ kind, level = "", text }) => `${kind}${level}: ${text}`);
}

export async function parsed(
  source: string | Uint8Array,
  options: ParseOptions = {},
): Promise<ParsedDocument> {
  const document = await parseDocument(typeof source === "string" ? utf8(source) : source, options);
  expectSound(document);
  return document;
}

/** What holds of every document: blocks in order, where they say, with white space alone between them. */
export function expectSound({ text, blocks, cuts }: ParsedDocument): void {
  let end = 0;
  for (const block of blocks) {
    expect(text.slice(end, block.start).trim()).toBe("");
    expect(text.slice(block.start, block.end)).toBe(block.text);
    expect(block.text).toBe(block.text.trim());
    expect(block.text).not.toBe("");
    expect(block.level === undefined).toBe(block.kind !== "heading");
    end = block.end;
  }
  expect(end).toBe(text.length);
  expect(text.isWellFormed()).toBe(true);
  for (const cut of cuts) expect(cut).toMatch(/^[A-Z].*\.$/s);
}

export function kinds(blocks: readonly Block[]): string[] {
  return blocks.map(({ kind }) => kind);
}

/** The problem that parsing ends in; whatever else it throws is thrown on. */
export async function problemOf(
  source: string | Uint8Array,
  options: ParseOptions = {},
): Promise<DocumentProblem> {
  try {
    await parseDocument(typeof source === "string" ? utf8(source) : source, options);
  } catch (problem) {
    if (!(problem instanceof DocumentProblem)) throw problem;
    expect(problem.message).toMatch(/^[A-Z].*\.$/s);
    return problem;
  }
  throw new Error("The document was read.");
}
