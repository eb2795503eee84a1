/** The smallest input that a route's contract accepts, made from the OpenAPI document. */
import { newId } from "../../src/lib/ids.ts";

export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  format?: string;
  minLength?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Operation {
  operationId: string;
  "x-policy"?: { resource: string; action: string };
  "x-public"?: boolean;
  parameters?: { name: string; in: "path" | "query" | "header"; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface DocumentedRoute extends Operation {
  method: string;
  /** With `{name}` segments. */
  path: string;
}

export function routesOf(document: OpenApi): DocumentedRoute[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

/** A request that the contract accepts: fresh ids in the path, required query parameters, a minimal body. */
export function sampleRequest(document: OpenApi, route: DocumentedRoute): { path: string; body?: unknown } {
  const query = new URLSearchParams();
  let { path } = route;
  for (const parameter of route.parameters ?? []) {
    if (!parameter.required) continue;
    const value = String(sampleValue(document, parameter.schema));
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, value);
    if (parameter.in === "query") query.set(parameter.name, value);
  }
  if (query.size > 0) path += `?${query}`;
  const schema = bodySchema(document, route);
  return schema ? { path, body: sampleValue(document, schema) } : { path };
}

export function bodySchema(document: OpenApi, route: DocumentedRoute): Schema | undefined {
  const schema = route.requestBody?.content["application/json"]?.schema;
  return schema?.$ref ? resolve(document, schema.$ref) : schema;
}

/** The smallest body that the contract accepts with this property in it, as one of its examples has it. */
export function sampleBodyWith(document: OpenApi, route: DocumentedRoute, property: string): object {
  const examples = bodySchema(document, route)?.examples ?? [];
  const fitting = examples.find((example) => Object.hasOwn(Object(example), property));
  return Object(fitting ?? sampleRequest(document, route).body);
}

/** Whether a value of the schema is an id or a list of ids. */
export function takesUuid(document: OpenApi, schema: Schema): boolean {
  if (schema.$ref) return takesUuid(document, resolve(document, schema.$ref));
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])];
  return schema.format === "uuid" || parts.some((part) => takesUuid(document, part));
}

function sampleValue(document: OpenApi, schema: Schema): unknown {
  if (schema.$ref) return sampleValue(document, resolve(document, schema.$ref));
  if ("const" in schema) return schema.const;
  if (schema.examples && schema.examples.length > 0) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  if ("default" in schema) return schema.default;
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice) return sampleValue(document, choice);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sampleValue(document, part)));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, sampleValue(document, schema.properties?.[name] ?? {})]),
      );
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleValue(document, schema.items ?? {}));
    case "integer":
    case "number":
      return schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1;
    case "boolean":
      return false;
    default:
      return sampleText(schema);
  }
}

function sampleText({ format, minLength = 1 }: Schema): string {
  if (format === "uuid") return newId();
  if (format === "email") return `${newId()}@example.com`;
  if (format === "date-time") return new Date().toISOString();
  if (format === "uri") return "https://example.com/";
  return "x".repeat(Math.max(1, minLength));
}

function resolve({ components }: OpenApi, ref: string): Schema {
  const name = ref.replace("#/components/schemas/", "");
  const schema = components.schemas[name];
  if (!schema) throw new Error(`The document refers to ${ref} and has no such schema.`);
  return schema;
}
