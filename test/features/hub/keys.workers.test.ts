/** The hubs' copies of data keys: the database knows of them, and the schedule has them wrapped anew. */
import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { createHub } from "../../../durable-objects/user-hub/create-hub.ts";
import { renewHubKeys } from "../../../src/features/hub/service.ts";
import { Memory } from "../../../src/features/memory/schema.ts";
import { staleHubKeys } from "../../../src/features/users/service.ts";
import { hubKeys } from "../../../src/features/users/tables.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { call, callFor } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { crashHub, evictHub, hubStub, inHub, ringAlarm } from "../../support/hub.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const { currentId } = readEnv(env).keyring;

const owns = ({ tenantId, userId }: TestUser) =>
  and(eq(hubKeys.tenantId, tenantId), eq(hubKeys.userId, userId));

async function noted(user: TestUser): Promise<string | undefined> {
  const [row] = await connectAs(env, "postgres").select().from(hubKeys).where(owns(user));
  return row?.masterKeyId;
}

/** As the database has it when master keys were rotated since. */
async function noteOld({ tenantId, userId }: TestUser): Promise<void> {
  await connectAs(env, "postgres").insert(hubKeys).values({ tenantId, userId, masterKeyId: "old" });
}

async function renew(): Promise<string> {
  const lines: string[] = [];
  await renewHubKeys(openSchedulerDatabase(readEnv(env).config.database), readEnv(env), {
    currentId,
    log: createLogger({}, (...logged) => lines.push(JSON.stringify(logged))),
  });
  return lines.join("\n");
}

/** The environment of a Worker whose master keys were rotated. */
function rotatedEnv() {
  const { MASTER_KEYS } = env as unknown as { MASTER_KEYS: string };
  const { keys } = JSON.parse(MASTER_KEYS) as { keys: Record<string, string> };
  const next = Buffer.alloc(32, 7).toString("base64");
  return { ...env, MASTER_KEYS: JSON.stringify({ current: "next", keys: { ...keys, next } }) };
}

test.each([
  ["a socket", async (user: TestUser) => (await connect(user)).close()],
  [
    "a turn over REST",
    (user: TestUser) => call("POST", "/api/v1/chat", { as: user, body: { message: "Hi" } }),
  ],
  [
    "a change of the memory",
    (user: TestUser) => callFor(Memory, "PUT", "/memory/core/name", { as: user, body: { value: "Ada" } }),
  ],
])("a hub that %s is the first to reach says, once, which master key its copy needs", async (_, reach) => {
  const user = await newUser(env);
  await reach(user);
  expect(await ringAlarm(user)).toBe(true);
  await expect.poll(() => noted(user)).toBe(currentId);
  await connectAs(env, "postgres").delete(hubKeys).where(owns(user));
  await ringAlarm(user);
  await reach(user);
  await ringAlarm(user);
  expect(await noted(user)).toBeUndefined();
});

test("a hub that dies before it could say so says it later, though its user does not come back", async () => {
  const user = await newUser(env);
  await callFor(Memory, "PUT", "/memory/core/name", { as: user, body: { value: "Ada" } });
  await crashHub(user);
  expect(await ringAlarm(user)).toBe(true);
  await expect.poll(() => noted(user)).toBe(currentId);
});

test("the schedule has a hub wrap its copy by the current key, whether its user comes back or not", async () => {
  const user = await newUser(env);
  await callFor(Memory, "PUT", "/memory/core/name", { as: user, body: { value: "Ada" } });
  await noteOld(user);
  await evictHub(user);
  expect(await renew()).toContain("hub_keys.renewed");
  expect(await noted(user)).toBe(currentId);
});

test("a hub under rotated keys opens what it had, keeps a current copy, and takes no older one back", async () => {
  const user = await newUser(env);
  await callFor(Memory, "PUT", "/memory/core/name", { as: user, body: { value: "Ada" } });
  const rotated = rotatedEnv();
  const { keyring } = readEnv(rotated);
  await inHub(user, async (state) => {
    const copy = () =>
      state.storage.sql.exec<{ body: ArrayBuffer }>("SELECT body FROM keys").one().body.slice(0);
    const old = new Uint8Array(copy());
    expect(keyring.needsRewrap(old)).toBe(true);
    const { vault, memory } = createHub(state, rotated).parts;
    vault.renew();
    expect(keyring.wrapperOf(copy())).toBe("next");
    expect(memory.store.core(Date.now())).toMatchObject([{ body: { key: "name", value: "Ada" } }]);
    const renewed = Buffer.from(copy());
    vault.admit(vault.principal, old);
    expect(Buffer.from(copy()).equals(renewed)).toBe(true);
  });
});

test("a copy that is on its way while keys rotate is wrapped anew when it arrives", async () => {
  const user = await newUser(env);
  const rotated = rotatedEnv();
  const { keyring } = readEnv(rotated);
  const before = readEnv(env).keyring;
  const wrapped = before.wrap(before.newDataKey(), { ownerId: user.userId });
  await inHub(user, (state) => {
    const { vault } = createHub(state, rotated).parts;
    vault.admit({ userId: user.userId, tenantId: user.tenantId, role: "owner", tier: "free" }, wrapped);
    const { body } = state.storage.sql.exec<{ body: ArrayBuffer }>("SELECT body FROM keys").one();
    expect(keyring.wrapperOf(body)).toBe("next");
    expect(vault.dataKey.id).toBe(before.unwrap(wrapped, { ownerId: user.userId }).id);
  });
});

test("a hub that cannot be renewed stays noted, is told of in the log, and holds nobody else up", async () => {
  const [broken, whole] = [await newUser(env), await newUser(env)];
  for (const user of [broken, whole]) {
    await callFor(Memory, "PUT", "/memory/core/name", { as: user, body: { value: "Ada" } });
    await noteOld(user);
  }
  await inHub(broken, (state) => {
    state.storage.sql.exec("UPDATE keys SET body = ?", new Uint8Array([9, 9]));
  });
  const lines = await renew();
  expect(lines).toContain(broken.userId);
  expect(lines).not.toContain(whole.userId);
  expect(await noted(broken)).toBe("old");
  expect(await noted(whole)).toBe(currentId);
});

test("every hub gets its turn, however many before it cannot be renewed", async () => {
  const owners = await Promise.all([newUser(env), newUser(env), newUser(env)]);
  for (const user of owners) await noteOld(user);
  const total = await connectAs(env, "postgres").$count(hubKeys);
  const limit = Math.ceil(total / 2);
  const asked: string[] = [];
  // Nobody has a copy under this key, and nobody gets one.
  for (let tick = 1; tick <= 4; tick++) {
    const chosen = await staleHubKeys(
      openSchedulerDatabase(readEnv(env).config.database),
      "unheard-of",
      limit,
    );
    expect(chosen.length).toBeLessThanOrEqual(limit);
    asked.push(...chosen.map(({ userId }) => userId));
  }
  expect(asked).toEqual(expect.arrayContaining(owners.map(({ userId }) => userId)));
});

test("a hub that never got its copy has nothing to wrap, and is noted so", async () => {
  const user = await newUser(env);
  await noteOld(user);
  await hubStub(user).renewKey(user);
  expect(await noted(user)).toBe(currentId);
});
