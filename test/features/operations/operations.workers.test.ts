import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { ServiceHealth } from "../../../src/features/operations/schema.ts";
import { call, callFor } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";

test("every part of the service answers, each with the time it took", async () => {
  const health = await callFor(ServiceHealth, "GET", "/health/service_health");
  expect(health.parts.map(({ name, status, detail }) => ({ name, status, detail }))).toEqual(
    [
      "postgres",
      "migrations",
      "hub",
      "model",
      "agent_kinds",
      "web_search",
      "sandbox",
      "objects",
      "queue",
    ].map((name) => ({ name, status: "ok" })),
  );
  expect(health.status).toBe("ok");
  for (const part of health.parts) expect(part.latency_ms).toBeGreaterThanOrEqual(0);
});

test("a database behind the code degrades the service", async () => {
  const admin = connectAs(env, "postgres");
  const [gone] = (
    await admin.execute<{ name: string; hash: string }>(
      sql`delete from schema_migrations where name = (select max(name) from schema_migrations) returning name, hash`,
    )
  ).rows;
  try {
    const health = await callFor(ServiceHealth, "GET", "/health/service_health");
    expect(health.status).toBe("degraded");
    const part = health.parts.find(({ name }) => name === "migrations");
    expect(part).toMatchObject({ status: "degraded", detail: expect.stringMatching(/^1 of \d+ migrations/) });
  } finally {
    await admin.execute(
      sql`insert into schema_migrations (name, hash) values (${gone?.name}, ${gone?.hash})`,
    );
  }
});

test("ping answers without touching anything", async () => {
  const response = await call("GET", "/api/v1/health/ping");
  expect(await response.json()).toEqual({ pong: true, server_time: expect.stringMatching(/^\d{4}-.*Z$/) });
});

test("the document and its pages are served under a policy that allows nothing from elsewhere", async () => {
  const document = await call("GET", "/openapi.json");
  expect(await document.json()).toMatchObject({
    openapi: "3.1.0",
    info: { title: "Adjutant", version: "dev" },
  });
  const page = await call("GET", "/docs");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const policy = page.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  for (const path of ["/docs/reference.css", "/docs/reference.js", "/docs/errors", "/docs/errors/busy"]) {
    expect((await call("GET", path)).status, path).toBe(200);
  }
  expect((await call("GET", "/docs/errors/no_such_code")).status).toBe(404);
});
