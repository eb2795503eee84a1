/** The OpenAPI 3.1 document, written from the same schemas that check requests and answers. */
import * as z from "zod";
import { ERROR_CATALOGUE, type ErrorCode } from "./errors.ts";
import { Problem } from "./problem.ts";
import type { Route } from "./routes.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;
type AnyRoute = Pick<Route<never, never>, "method" | "path" | "contract">;
type Json = Record<string, unknown>;

export interface ApiInfo {
  title: string;
  version: string;
  description: string;
  /** Tags in reading order; routes under any other tag are refused. */
  tags: readonly { name: string; description: string }[];
}

/** Writes the document. Costs milliseconds: make it once, when it is first asked for. */
export function openApiDocument(info: ApiInfo, routes: readonly AnyRoute[]): Json {
  const schemas = new SchemaBook();
  schemas.write(Problem, "output");
  const paths: Record<string, Json> = {};
  const seen = new Set<string>();
  for (const route of routes) {
    const { id, tag } = route.contract;
    if (seen.has(id)) throw new Error(`two routes are named ${id}`);
    if (!info.tags.some(({ name }) => name === tag))
      throw new Error(`route ${id} has an unknown tag: ${tag}`);
    seen.add(id);
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  const { title, version, description, tags } = info;
  return {
    openapi: "3.1.0",
    info: { title, version, description, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    tags,
    paths,
    components: { schemas: schemas.all(), responses: problemAnswers(JSON.stringify(paths)), securitySchemes },
  };
}

const securitySchemes = {
  access_token: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "From `POST /api/v1/auth/login`.",
  },
};

function operation({ method, path, contract }: AnyRoute, schemas: SchemaBook): Json {
  const { id, tag, summary, description, policy, body } = contract;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(policy
      ? { security: [{ access_token: [] }], "x-policy": policy }
      : { security: [], "x-public": true }),
    parameters: parameters(method, contract, schemas),
    ...(body ? { requestBody: { required: true, content: bodyContent(contract, schemas) } } : {}),
    responses: { ...success(contract, schemas), ...problems(codesOf(method, path, contract)) },
  };
}

function bodyContent({ body, upload }: AnyRoute["contract"], schemas: SchemaBook): Json {
  const content: Json = body ? { "application/json": { schema: schemas.write(body, "input") } } : {};
  if (!upload) return content;
  const { properties = {}, required = [] } = schemas.write(upload.fields, "input");
  const file = { type: "string", contentMediaType: "application/octet-stream", description: "The file" };
  content["multipart/form-data"] = {
    schema: { type: "object", properties: { file, ...properties }, required: ["file", ...required] },
  };
  for (const type of upload.media) content[type] = { schema: { type: "string", contentMediaType: type } };
  return content;
}

function parameters(method: string, contract: AnyRoute["contract"], schemas: SchemaBook): Json[] {
  const headers: Json[] = [];
  if (contract.creates)
    headers.push(header("Idempotency-Key", "Repeat it to get the first answer again, for 24 h."));
  if (contract.versioned && method !== "GET" && method !== "POST") {
    headers.push(header("If-Match", "The `ETag` that was read; another stored version answers 412."));
  }
  return [
    ...inputs("path", contract.params, schemas),
    ...inputs("query", contract.query, schemas),
    ...inputs("query", contract.upload?.fields, schemas).map(besideBytes),
    ...headers,
  ];
}

/** A parameter that counts when the body is the file. */
function besideBytes(parameter: Json): Json {
  const description = [parameter["description"], "For a body that is the file itself."].filter(Boolean);
  return { ...parameter, required: false, description: description.join(". ").replace(/\.\. /, ". ") };
}

function header(name: string, description: string): Json {
  return { name, in: "header", required: false, description, schema: { type: "string" } };
}

function inputs(where: "path" | "query", schema: z.ZodType | undefined, schemas: SchemaBook): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemas.write(schema, "input");
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = typeof property === "object" ? property : {};
    return {
      name,
      in: where,
      required: where === "path" || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function success(contract: AnyRoute["contract"], schemas: SchemaBook): Json {
  const { answer, media = [], variants = {}, versioned, status = 200 } = contract;
  if (!answer && media.length === 0) return { 204: { description: "Done" } };
  const content: Record<string, Json> = {};
  if (answer) content["application/json"] = { schema: schemas.write(answer, "output") };
  for (const type of media) content[type] = { schema: { type: "string" } };
  const headers = versioned
    ? { ETag: { description: "The version", schema: { type: "string" } } }
    : undefined;
  const others = Object.entries(variants).map(([code, description]) => [code, { description, content }]);
  return {
    [status]: { description: "The answer", ...(headers ? { headers } : {}), content },
    ...Object.fromEntries(others),
  };
}

function codesOf(method: string, path: string, contract: AnyRoute["contract"]): ErrorCode[] {
  const codes: ErrorCode[] = ["internal", ...(contract.errors ?? [])];
  if (contract.policy) codes.push("unauthorized", "token_expired", "forbidden");
  if (contract.public && contract.limited !== false) codes.push("rate_limited");
  if (contract.params || contract.query || contract.body) codes.push("validation_failed");
  if (contract.body) codes.push("bad_request", "payload_too_large", "unsupported_media_type");
  if (contract.policy && path.includes("{")) codes.push("not_found");
  if (contract.creates) codes.push("idempotency_mismatch", "conflict");
  if (contract.versioned && method !== "GET" && method !== "POST") codes.push("precondition_failed");
  return codes;
}

/** One answer a status, naming its codes. */
function problems(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, Set<ErrorCode>>();
  for (const code of codes) {
    const { status } = ERROR_CATALOGUE[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  const answers = [...byStatus]
    .sort(([one], [other]) => one - other)
    .map(([status, named]) => {
      const [only] = named;
      if (named.size === 1 && only) return [status, { $ref: problemRef(only) }] as const;
      const description = [...named].map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code].title}`).join("; ");
      return [status, { description, content: PROBLEM_CONTENT }] as const;
    });
  return Object.fromEntries(answers);
}

const PROBLEM_CONTENT = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

/** An answer for each code that stands alone in its status somewhere. */
function problemAnswers(paths: string): Json {
  const used = Object.entries(ERROR_CATALOGUE).filter(([code]) => paths.includes(`"${problemRef(code)}"`));
  return Object.fromEntries(
    used.map(([code, { title }]) => [
      code,
      { description: `\`${code}\`: ${title}`, content: PROBLEM_CONTENT },
    ]),
  );
}

function problemRef(code: string): string {
  return `#/components/responses/${code}`;
}

/** Schemas with a `meta` id are written once, under `components`, and referred to. */
class SchemaBook {
  readonly #named = new Map<string, JsonSchema>();

  /** The schema as it stands in the document. */
  write(schema: z.ZodType, io: "input" | "output"): JsonSchema {
    const override = io === "output" ? openAnswer : withoutEcho;
    const {
      $schema: _,
      $defs = {},
      ...rest
    } = z.toJSONSchema(schema, { io, override, unrepresentable: "any" });
    const names = new Map(
      Object.entries($defs).map(([name, definition]) => [name, this.#nameFor(name, definition)]),
    );
    for (const [local, name] of names) this.#named.set(name, pointTo($defs[local]!, names));
    return pointTo(rest, names);
  }

  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#named].sort(([one], [other]) => one.localeCompare(other)));
  }

  /** The same name may stand for what is sent and, with defaults filled in, for what is answered. */
  #nameFor(name: string, definition: JsonSchema): string {
    const known = this.#named.get(name);
    return known && JSON.stringify(known) !== JSON.stringify(pointTo(definition, new Map()))
      ? `${name}Input`
      : name;
  }
}

/** A pattern beside a format says the same again. */
function withoutEcho({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (jsonSchema.format) delete jsonSchema.pattern;
}

/** Answers may grow fields, so a reader must not refuse those it does not know. */
function openAnswer(part: { jsonSchema: JsonSchema }): void {
  withoutEcho(part);
  if (part.jsonSchema.additionalProperties === false) delete part.jsonSchema.additionalProperties;
}

const LOCAL = "#/$defs/";

function pointTo<Schema extends JsonSchema>(schema: Schema, names: ReadonlyMap<string, string>): Schema {
  const text = JSON.stringify(schema, (key, value) =>
    key === "$ref" && typeof value === "string" && value.startsWith(LOCAL)
      ? `#/components/schemas/${names.get(value.slice(LOCAL.length)) ?? value.slice(LOCAL.length)}`
      : value,
  );
  return JSON.parse(text);
}
