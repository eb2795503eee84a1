/** Every id of a person is tried by others in every place of every route that takes one, and nothing comes of it. */
import { exports } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { findPermission } from "../../src/features/auth/service.ts";
import { isUuid, newId } from "../../src/lib/ids.ts";
import { call } from "../support/api.ts";
import { belongingsOf } from "../support/belongings.ts";
import { expectUndisturbed, type Inhabitant, settleIn } from "../support/inhabitant.ts";
import { INTRUDERS } from "../support/intruders.ts";
import {
  bodySchema,
  type DocumentedRoute,
  type OpenApi,
  routesOf,
  sampleBodyWith,
  sampleRequest,
  takesUuid,
} from "../support/sample.ts";
import { useSettings } from "../support/settings.ts";
import type { TestUser } from "../support/users.ts";

// The waiting turns wait until the last test, on however busy a machine.
useSettings({ TOOL_TIMEOUT_MS: "600000" });

const document: OpenApi = await (await exports.default.fetch("http://adjutant.test/openapi.json")).json();
const guarded = routesOf(document).filter((route) => route["x-policy"] !== undefined);

let owner: Inhabitant;
let before: string[];

beforeAll(async () => {
  owner = await settleIn();
  before = await belongingsOf(owner.user);
});

/** Some take the id of what they name: `collections`, or the `agent` of a chat. */
const isId = (name: string) => /(^|_)(ids?|agents?|collections?)$/.test(name);

interface Attempt {
  method: string;
  path: string;
  body?: unknown;
  bytes?: string;
  /** Where in the body the id is. */
  field?: string;
  /** The id only narrows a list down: it may be empty instead of absent. */
  isFilter: boolean;
  /** Of whatever tenant: some routes are for those alone who manage one. */
  isForMembers: boolean;
}

/** The route with this id in each place that takes one, one attempt a place. */
function attempts(route: DocumentedRoute, id: string): Attempt[] {
  const { method } = route;
  const sample = (path = route.path) => sampleRequest(document, { ...route, path });
  const inPath = (route.parameters ?? [])
    .filter((parameter) => parameter.in === "path" && isId(parameter.name))
    .map(({ name }) => ({ method, ...sample(route.path.replace(`{${name}}`, id)), isFilter: false }));
  const inQuery = (route.parameters ?? [])
    .filter((parameter) => parameter.in === "query" && isId(parameter.name))
    // Where something is made, the id stands beside the bytes of a file.
    .map(({ name }) => ({
      method,
      path: `${sample().path}?${name}=${id}`,
      isFilter: method === "GET",
      ...(method !== "GET" && { bytes: "words" }),
    }));
  const inBody = Object.entries(bodySchema(document, route)?.properties ?? {})
    .filter(([name, schema]) => isId(name) || takesUuid(document, schema))
    .map(([name]) => ({
      method,
      path: sample().path,
      body: { ...sampleBodyWith(document, route, name), [name]: name.endsWith("s") ? [id] : id },
      field: `body.${name}`,
      isFilter: false,
    }));
  const { resource, action } = route["x-policy"] ?? { resource: "", action: "" };
  const isForMembers = findPermission(resource, action)?.roles.includes("member") ?? false;
  return [...inPath, ...inQuery, ...inBody].map((attempt) => ({ ...attempt, isForMembers }));
}

/** Refused for the id alone, in the words for an id that nobody has. */
async function isAsUnknown(
  intruder: TestUser,
  id: string,
  { method, path, body, field = "" }: Attempt,
  { code, errors = [] }: z.infer<typeof Answer>,
): Promise<boolean> {
  if (code !== "validation_failed" || !errors.every((error) => error.path.startsWith(field))) return false;
  const unknown = JSON.parse(JSON.stringify(body).replaceAll(id, newId()));
  const answer = Answer.parse(await (await call(method, path, { as: intruder, body: unknown })).json());
  return field !== "" && answer.code === code && JSON.stringify(answer.errors) === JSON.stringify(errors);
}

/** What is wrong with the answer to an attempt; null when nothing is. */
async function leak(intruder: TestUser, id: string, attempt: Attempt): Promise<string | null> {
  const { method, path, body, bytes, isFilter, isForMembers } = attempt;
  const response = await call(method, path, { as: intruder, body, ...(bytes && { bytes }) });
  const text = await response.text();
  const answer = Answer.parse(JSON.parse(text));
  const { code, data } = answer;
  const isNothing =
    code === "not_found" ||
    // A colleague's role has them do this nowhere here.
    (code === "forbidden" && !isForMembers && intruder.tenantId === owner.user.tenantId) ||
    // An id of another form than the route's is not looked for at all.
    (code === "validation_failed" && !isUuid(id)) ||
    (isFilter && data?.length === 0) ||
    (await isAsUnknown(intruder, id, attempt, answer));
  return isNothing ? null : `${method} ${path}: ${response.status} ${text}`;
}

const Answer = z.object({
  code: z.string().optional(),
  data: z.array(z.unknown()).optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

describe.each(INTRUDERS)("%s", (_who, arrive) => {
  let intruder: TestUser;

  beforeAll(async () => {
    intruder = await arrive(owner.user);
  });

  test("finds nothing under any id of the owner's, on any route that takes one", async () => {
    const tried: string[] = [];
    const fields = new Set<string>();
    const leaks: (string | null)[] = [];
    for (const route of guarded) {
      for (const id of Object.values(owner.ids)) {
        for (const attempt of attempts(route, id)) {
          tried.push(route.operationId);
          if (attempt.field !== undefined) fields.add(`${route.operationId} ${attempt.field}`);
          leaks.push(await leak(intruder, id, attempt));
        }
      }
    }
    expect(leaks.filter((each) => each !== null)).toEqual([]);
    expect(new Set(tried).size).toBeGreaterThan(14);
    for (const field of ["collections", "agents"]) expect(fields).toContain(`createAgent body.${field}`);
    expect(fields).toContain("createChat body.agent");
    // Every id of a person on every route: hundreds of requests, and more with each route.
  }, 120_000);

  test("is told nothing of the owner's by routes without ids, whatever is searched for", async () => {
    for (const route of guarded.filter((each) => !each.path.includes("{"))) {
      const { path, body } = sampleRequest(document, route);
      const texts = (route.parameters ?? []).filter(
        ({ name, in: place }) => place === "query" && name === "q",
      );
      const query = new URLSearchParams(texts.map(({ name }) => [name, owner.canary]));
      // Some of them sign the caller out.
      const response = await call(route.method, `${path}?${query}`, { as: await arrive(owner.user), body });
      expect(ownWords(await response.text()), route.operationId).toEqual([]);
    }
  });

  test("gets no answer of the owner's with the owner's Idempotency-Key", async () => {
    const response = await call("POST", "/api/v1/chats", {
      as: intruder,
      body: { title: "Mine" },
      headers: { "idempotency-key": owner.idempotencyKey },
    });
    expect(response.status).toBe(201);
    expect(ownWords(await response.text())).toEqual([]);
  });
});

/** What of the owner's stands in a text: the canary and every id but their tenant's, which a colleague knows. */
function ownWords(text: string): string[] {
  const { tenant: _, ...ids } = owner.ids;
  return Object.entries({ canary: owner.canary, ...ids })
    .filter(([, word]) => text.includes(word))
    .map(([name]) => name);
}

test("the owner's things are as they were, and the waiting turns end as if nobody had meddled", async () => {
  expect(await belongingsOf(owner.user)).toEqual(before);
  await expectUndisturbed(owner);
});
