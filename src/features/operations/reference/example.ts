import { type ApiDocument, resolve, type Schema } from "./document.ts";

const BY_FORMAT: Readonly<Record<string, string>> = {
  uuid: "019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e55",
  "date-time": "2026-11-20T09:30:00.000Z",
  email: "ada@example.com",
  uri: "https://example.com",
};

const DEPTH_MAX = 6;

/** A value that the schema allows, for people to read. Optional fields of a request are left out. */
export function exampleOf(
  schema: Schema,
  document: ApiDocument,
  io: "input" | "output",
  name = "",
  depth = 0,
): unknown {
  const shown = resolve(schema, document);
  if (depth > DEPTH_MAX) return null;
  const [given] = schema.examples ?? shown.examples ?? [];
  if (given !== undefined) return given;
  if (shown.const !== undefined) return shown.const;
  if (shown.enum) return shown.enum[0];
  const either = shown.anyOf ?? shown.oneOf;
  if (either?.[0]) return exampleOf(either[0], document, io, name, depth + 1);
  const type = Array.isArray(shown.type) ? shown.type[0] : shown.type;
  if (type === "array") return shown.items ? [exampleOf(shown.items, document, io, name, depth + 1)] : [];
  if (type === "object" || shown.properties) return exampleObject(shown, document, io, depth);
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return shown.default ?? Math.max(shown.minimum ?? 0, 1);
  return exampleText(shown, name);
}

function exampleObject(
  schema: Schema,
  document: ApiDocument,
  io: "input" | "output",
  depth: number,
): unknown {
  const fields = Object.entries(schema.properties ?? {}).filter(
    ([name]) => io === "output" || schema.required?.includes(name),
  );
  return Object.fromEntries(
    fields.map(([name, field]) => [name, exampleOf(field, document, io, name, depth + 1)]),
  );
}

function exampleText(schema: Schema, name: string): string {
  const byFormat = schema.format === undefined ? undefined : BY_FORMAT[schema.format];
  if (byFormat) return byFormat;
  if (name === "password") return "correct horse battery staple";
  if (name === "message") return "What is due today?";
  if (name === "next_cursor" || name === "cursor") return "WzE3OTM1…";
  if (name.endsWith("_id") || name === "id") return BY_FORMAT["uuid"] ?? "";
  return name ? `${name} …` : "text";
}
