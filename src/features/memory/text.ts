import type { MemoryBody } from "./schema.ts";

/** The words an item is about: what is embedded, searched and shown. */
export function textOf(body: MemoryBody): string {
  switch (body.tier) {
    case "core":
      return body.value;
    case "associative":
      return body.statement;
    case "episodic":
      return body.summary;
    case "proactive":
      return body.pattern;
  }
}

/** The same item with other words, as they are. */
export function withText(body: MemoryBody, text: string): MemoryBody {
  switch (body.tier) {
    case "core":
      return { ...body, value: text };
    case "associative":
      return { ...body, statement: text };
    case "episodic":
      return { ...body, summary: text };
    case "proactive":
      return { ...body, pattern: text };
  }
}

/** Lines for a model, that cannot close the tag they stand in; nothing for no lines. */
export function tagged(name: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<${name}>\n${lines.join("\n").replaceAll("<", "&lt;")}\n</${name}>`;
}
