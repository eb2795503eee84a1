/** The fields of a frame as rows of a Markdown table, read from its JSON Schema. */
import { z } from "zod";
import { type FrameWords, SHARED_WORDS } from "./frame-words.ts";

interface Schema {
  type?: string | undefined;
  const?: unknown;
  enum?: unknown[] | undefined;
  properties?: Record<string, Schema> | undefined;
  required?: string[] | undefined;
  items?: Schema | undefined;
  anyOf?: Schema[] | undefined;
  default?: unknown;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
}

const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    const: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    items: Schema.optional(),
    anyOf: z.array(Schema).optional(),
    default: z.unknown().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
  }),
);

/** Optional fields are marked. What every numbered frame of a turn carries is left to the introduction. */
export function fieldTable(frame: z.ZodType, words: FrameWords): string {
  const json = z.toJSONSchema(frame, { io: "input", unrepresentable: "any" });
  const schema = Schema.parse(whole(json, json.$defs ?? {}));
  const isNumbered = schema.properties?.["seq"] !== undefined;
  const own = Object.entries(schema.properties ?? {}).filter(
    ([name]) => name !== "type" && !(isNumbered && Object.hasOwn(SHARED_WORDS, name)),
  );
  const rows = rowsOf({ ...schema, properties: Object.fromEntries(own) }, words, "");
  return rows.length === 0 ? "" : ["| field | type | |", "|---|---|---|", ...rows, ""].join("\n");
}

/** With what stands under a name of its own where it is used. */
function whole(value: unknown, named: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => whole(each, named));
  if (typeof value !== "object" || value === null) return value;
  if ("$ref" in value) return whole(named[String(value.$ref).replace("#/$defs/", "")], named);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, whole(each, named)]));
}

function rowsOf(schema: Schema, words: FrameWords, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix + name;
    const meaning = meaningOf(path, words);
    const mark = schema.required?.includes(name) ? "" : " (optional)";
    const row = `| \`${path}\`${mark} | ${typeOf(field)} | ${meaning} |`;
    const nested = field.items ? rowsOf(field.items, words, `${path}[].`) : rowsOf(field, words, `${path}.`);
    return [row, ...nested];
  });
}

function meaningOf(path: string, { fields }: FrameWords): string {
  const told = Object.hasOwn(fields, path) ? fields[path] : undefined;
  return told ?? Object.entries(SHARED_WORDS).find(([name]) => name === path)?.[1] ?? "";
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}${atMost(schema.maxItems)}`;
  if (schema.type === "object" && schema.properties && Object.keys(schema.properties).length > 0) {
    return `{${Object.keys(schema.properties).join(", ")}}`;
  }
  if (schema.type === "string") return `string${atMost(schema.maxLength)}`;
  return schema.type ?? "any";
}

/** Characters of a string, items of a list. */
function atMost(max: number | undefined): string {
  return max === undefined ? "" : ` (≤ ${max.toLocaleString("en")})`;
}
