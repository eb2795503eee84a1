import { type ApiDocument, refName, resolve, type Schema } from "./document.ts";
import { type Html, html, inline } from "./html.ts";

const DEPTH_MAX = 5;

/** The fields of a schema as a nested list. What is required is worth saying of what is sent, not of answers. */
export function fieldList(schema: Schema, document: ApiDocument, io: "input" | "output", depth = 0): Html {
  const { properties = {}, required = [] } = resolve(itemOf(schema, document), document);
  const fields = Object.entries(properties);
  if (fields.length === 0) return html``;
  return html`<ul class="fields">${fields.map(([name, field]) => {
    const nested = depth < DEPTH_MAX ? fieldList(field, document, io, depth + 1) : html``;
    return html`<li>${fieldLine(name, field, io === "input" && required.includes(name), document)}${nested}</li>`;
  })}</ul>`;
}

export function fieldLine(name: string, field: Schema, required: boolean, document: ApiDocument): Html {
  const shown = resolve(field, document);
  const description = field.description ?? shown.description;
  return html`<code class="name">${name}</code> <span class="type">${typeName(field, document)}</span>
    ${required ? html`<span class="required">required</span>` : ""}
    ${limits(shown)}${description ? html`<div class="note">${inline(description)}</div>` : ""}`;
}

/** A type as a person writes it: `string`, `Chat[]`, `"home" | "agenda"`, `integer | null`. */
export function typeName(schema: Schema, document: ApiDocument): string {
  if (schema.$ref) return refName(schema.$ref);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return [...new Set(either.map((option) => typeName(option, document)))].join(" | ");
  if (schema.type === "array") return `${schema.items ? typeName(schema.items, document) : "any"}[]`;
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.format) return schema.format;
  return schema.type ?? "any";
}

/** The schema whose fields are worth listing: of an array its items, of a choice its first object. */
function itemOf(schema: Schema, document: ApiDocument): Schema {
  const shown = resolve(schema, document);
  if (shown.items) return itemOf(shown.items, document);
  const either = shown.anyOf ?? shown.oneOf;
  return either?.map((option) => itemOf(option, document)).find((option) => option.properties) ?? shown;
}

function limits(schema: Schema): Html {
  const parts = [
    range(schema.minLength, schema.maxLength, "characters"),
    range(schema.minItems, schema.maxItems, "items"),
    // The bounds of a safe integer say nothing.
    range(schema.minimum, schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum, ""),
    schema.default === undefined ? "" : `default ${JSON.stringify(schema.default)}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? html`` : html`<span class="limits">${parts.join(", ")}</span>`;
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  const low = min === undefined || min === 0 || min === Number.MIN_SAFE_INTEGER ? undefined : min;
  if (low === undefined && max === undefined) return "";
  const bounds = low === undefined ? `≤ ${max}` : max === undefined ? `≥ ${low}` : `${low}–${max}`;
  return unit ? `${bounds} ${unit}` : bounds;
}
