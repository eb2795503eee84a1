/** Agents that people make: which of them fits a request, and rows out of a text, both by the words that are there. */
import { z } from "zod";
import { searchWords } from "../../../src/lib/search-words.ts";
import { type Reply, use } from "../reply.ts";
import type { MessagesRequest } from "../wire.ts";

export const CHOOSE_TOOL = "choose";
export const ROWS_TOOL = "submit_rows";

const Choosable = z.object({
  agent: z.string(),
  name: z.string(),
  description: z.string(),
  capabilities: z.array(z.string()).default([]),
});

/** The agent that shares most words with the request; the first of those that share as many. */
export function chooseAgent(request: MessagesRequest, text: string): Reply {
  const tool = request.tools?.find(({ name }) => name === CHOOSE_TOOL);
  const asked = new Set(searchWords(text));
  const ranked = (tool?.description ?? "")
    .split("\n")
    .flatMap((line) => (line.startsWith("{") ? [Choosable.parse(JSON.parse(line))] : []))
    .map(({ agent, name, description, capabilities }) => {
      const own = new Set(searchWords([name, description, ...capabilities].join(" ")));
      return { agent, shared: [...own].filter((word) => asked.has(word)).length };
    })
    .sort((one, other) => other.shared - one.shared);
  return use({ name: CHOOSE_TOOL, input: { agent: ranked[0]?.agent } });
}

const RowsInput = z.object({
  properties: z.object({
    rows: z.object({
      items: z.object({ properties: z.record(z.string(), z.looseObject({ type: z.unknown() })).default({}) }),
    }),
  }),
});

/** A row for each line that has a number: its words for the first text, its numbers for numbers. */
export function submitRows(request: MessagesRequest, text: string): Reply {
  const tool = request.tools?.find(({ name }) => name === ROWS_TOOL);
  const { properties } = RowsInput.parse(tool?.input_schema).properties.rows.items;
  const rows = text
    .split(/\n|;|(?<=[.!?])\s+|,\s+(?!\d)/)
    .filter((line) => /\d/.test(line))
    .map((line) => rowOf(line, Object.entries(properties)));
  return use({ name: ROWS_TOOL, input: { rows } });
}

function rowOf(line: string, fields: [string, { type: unknown }][]): Record<string, unknown> {
  const numbers = line.match(/\d+(?:\.\d+)?/g) ?? [];
  const words = line
    .replace(/\d+(?:\.\d+)?/g, " ")
    .replace(/[^\p{L}\s'’-]/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const row: Record<string, unknown> = {};
  let isNamed = false;
  for (const [name, { type }] of fields) {
    if (type === "string" && !isNamed) {
      row[name] = words;
      isNamed = true;
    } else if (type === "number" || type === "integer") {
      const next = numbers.shift();
      if (next !== undefined) row[name] = type === "integer" ? Math.trunc(Number(next)) : Number(next);
    }
  }
  return row;
}
