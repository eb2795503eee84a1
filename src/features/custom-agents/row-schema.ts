/**
 * The JSON Schema of an extractor's rows: a part of the language that says what rows look like and cannot make reading one
 * slow. Patterns are left out on purpose, for a pattern of somebody's can take for ever.
 */
import * as z from "zod";

/** Of the schema as JSON. */
const CHARS_MAX = 16_000;
const DEPTH_MAX = 8;
const NODES_MAX = 300;

const KEYWORDS: ReadonlySet<string> = new Set([
  "type",
  "title",
  "description",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "minItems",
  "maxItems",
  "enum",
  "const",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "anyOf",
  "format",
]);
const FORMATS: ReadonlySet<string> = new Set(["date", "date-time", "time", "email", "uuid", "uri"]);

export const RowSchema = z
  .record(z.string(), z.unknown())
  .superRefine((schema, ctx) => {
    for (const message of problemsOf(schema)) ctx.addIssue({ code: "custom", message });
  })
  .meta({
    examples: [{ type: "object", properties: { name: { type: "string" } }, required: ["name"] }],
  });
export type RowSchema = z.infer<typeof RowSchema>;

/** Reads one row. The schema has passed `RowSchema`. */
export function rowReader(schema: RowSchema): z.ZodType {
  return z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
}

/** What keeps a schema from being used; the first few things. */
function problemsOf(schema: RowSchema): string[] {
  if (JSON.stringify(schema).length > CHARS_MAX) return [`is over ${CHARS_MAX} characters as JSON`];
  if (schema["type"] !== "object") return ['must be of the type "object": a row has named fields'];
  const walk: Walk = { nodes: 0, problems: [] };
  inspect(schema, "", 1, walk);
  if (walk.problems.length > 0) return walk.problems.slice(0, 5);
  try {
    rowReader(schema);
    return [];
  } catch {
    return ["is not a JSON Schema that can be read"];
  }
}

interface Walk {
  nodes: number;
  problems: string[];
}

function inspect(node: unknown, path: string, depth: number, walk: Walk): void {
  const where = path === "" ? "the schema" : path;
  if (typeof node === "boolean") return;
  if (!isObject(node)) return void walk.problems.push(`${where} is no schema`);
  walk.nodes++;
  if (depth > DEPTH_MAX) return void walk.problems.push(`${where} is nested over ${DEPTH_MAX} deep`);
  if (walk.nodes > NODES_MAX) return void walk.problems.push(`has over ${NODES_MAX} parts`);
  for (const keyword of Object.keys(node)) {
    if (!KEYWORDS.has(keyword))
      walk.problems.push(`${where} uses "${keyword}"; there are: ${[...KEYWORDS].join(", ")}`);
  }
  const { format } = node;
  if (format !== undefined && !(typeof format === "string" && FORMATS.has(format)))
    walk.problems.push(`${where} has an unknown format; there are: ${[...FORMATS].join(", ")}`);
  for (const [name, child] of childrenOf(node)) inspect(child, `${path}/${name}`, depth + 1, walk);
}

function childrenOf(node: Record<string, unknown>): [string, unknown][] {
  const { properties, items, additionalProperties, anyOf } = node;
  return [
    ...(isObject(properties) ? Object.entries(properties) : []),
    ...(items === undefined ? [] : [["items", items] satisfies [string, unknown]]),
    ...(additionalProperties === undefined
      ? []
      : [["additionalProperties", additionalProperties] satisfies [string, unknown]]),
    ...(Array.isArray(anyOf) ? anyOf.map((each, at): [string, unknown] => [`anyOf/${at}`, each]) : []),
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
