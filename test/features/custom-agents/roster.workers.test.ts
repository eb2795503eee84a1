/** What an assistant may lead to has a size, for its person's hub holds it. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { loadRoster } from "../../../src/features/custom-agents/service.ts";
import { customAgents } from "../../../src/features/custom-agents/tables.ts";
import { call, problemOf } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, userCtx } from "../../support/users.ts";

const ROSTER_MAX = 60;
const MEMBERS_MAX = 10;

test("an assistant leads to 60 agents at most, those of its routers included, and says so", async () => {
  const user = await newUser(env);
  const plain = await Promise.all(Array.from({ length: 55 }, () => newAgent(user)));
  const ids = plain.map(({ id }) => id);
  const router = (agents: string[], delegable: boolean) =>
    call("POST", "/api/v1/agents", { as: user, body: { name: "Router", kind: "router", agents, delegable } });
  for (let from = 0; from < 50; from += MEMBERS_MAX) {
    expect((await router(ids.slice(from, from + MEMBERS_MAX), true)).status).toBe(201);
  }
  // 5 routers and 50 agents so far.
  const refused = await problemOf(await router(ids.slice(50), true));
  expect(refused).toMatchObject({ status: 422, errors: [{ path: "body.delegable" }] });
  expect(refused.errors?.[0]?.message).toContain("would make 61");
  const fitting = await router(ids.slice(50, 54), true);
  expect(fitting.status).toBe(201);
  const { id } = (await fitting.json()) as { id: string };
  const longer = await call("PATCH", `/api/v1/agents/${id}`, { as: user, body: { agents: ids.slice(50) } });
  expect(await problemOf(longer)).toMatchObject({ status: 422, errors: [{ path: "body.delegable" }] });
  expect((await loadRoster(userCtx(env, user))).agents).toHaveLength(ROSTER_MAX);

  // As when others let what they share lead to more.
  await connectAs(env, "postgres").update(customAgents).set({ members: ids }).where(eq(customAgents.id, id));
  const { agents } = await loadRoster(userCtx(env, user));
  expect(agents).toHaveLength(ROSTER_MAX);
  expect(agents.filter(({ delegable }) => delegable)).toHaveLength(6);
});
