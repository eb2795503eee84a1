import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { z } from "zod";
import { apiDocument } from "../src/app.ts";
import { findPermission } from "../src/features/auth/service.ts";
import { ERROR_CATALOGUE } from "../src/lib/errors.ts";

const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(1),
  tags: z.array(z.string()).length(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  responses: z.record(z.string(), z.looseObject({})),
  "x-policy": z.object({ action: z.string(), resource: z.string() }).optional(),
  "x-public": z.literal(true).optional(),
});

const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

const document = Document.parse(apiDocument("1.2.3"));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);

test("the document is valid OpenAPI 3.1", async () => {
  expect(document.openapi).toBe("3.1.0");
  const problems = await lintFromString({
    source: JSON.stringify(document),
    config: await createConfig({ extends: ["recommended"], rules: { "operation-4xx-response": "off" } }),
  });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
    [],
  );
});

test("every operation needs a permission that the policy table has, or says that it is public", () => {
  for (const { name, operation } of operations) {
    const policy = operation["x-policy"];
    if (operation["x-public"]) {
      expect(policy, name).toBeUndefined();
      expect(operation.security, name).toEqual([]);
    } else {
      expect(policy && findPermission(policy.resource, policy.action), name).toBeTruthy();
      expect(operation.security, name).toEqual([{ access_token: [] }]);
    }
  }
});

test("operations have ids of their own, and the routes of the specification are there", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const names = operations.map(({ name }) => name);
  for (const route of [
    "POST /api/v1/chat",
    "GET /api/v1/chats",
    "POST /api/v1/chats",
    "GET /api/v1/chats/{id}",
    "PUT /api/v1/chats/{id}",
    "DELETE /api/v1/chats/{id}",
    "GET /api/v1/chats/{id}/messages",
    "POST /api/v1/chats/{id}/messages",
    "POST /api/v1/messages/{chat_id}/exchange",
    "GET /api/v1/tool-executions",
    "GET /api/v1/messages/{id}",
    "PUT /api/v1/messages/{id}",
    "DELETE /api/v1/messages/{id}",
    "GET /api/v1/health",
    "GET /api/v1/health/ping",
    "GET /api/v1/health/service_health",
    "GET /openapi.json",
    "GET /docs",
  ]) {
    expect(names).toContain(route);
  }
});

test("every failure in the document has a code of the catalogue and is a problem document", () => {
  const statuses = new Set<number>(Object.values(ERROR_CATALOGUE).map(({ status }) => status));
  for (const { name, operation } of operations) {
    for (const [status, answer] of Object.entries(operation.responses)) {
      if (Number(status) < 400 || ("content" in answer && "application/json" in Object(answer["content"])))
        continue;
      expect(statuses.has(Number(status)), `${name} ${status}`).toBe(true);
      expect(JSON.stringify(answer), `${name} ${status}`).toMatch(/#\/components\/(responses|schemas)\//);
    }
  }
});
