import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Client } from "@neondatabase/serverless";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { migrate } from "../../dev/migrate.ts";
import { type LocalPostgres, startPostgres } from "../../dev/postgres/server.ts";
import { describeReport, isRetirable, type RotateProgress, rotateKeys } from "../../dev/rotate-keys.ts";
import { newId } from "../../src/lib/ids.ts";
import { Keyring } from "../../src/platform/keyring.ts";

const [k1, k2] = [randomBytes(32), randomBytes(32)];
const before = new Keyring("k1", new Map([["k1", k1]]));
const now = new Keyring(
  "k2",
  new Map([
    ["k1", k1],
    ["k2", k2],
  ]),
);

let postgres: LocalPostgres;
let admin: Client;

beforeAll(async () => {
  postgres = await startPostgres();
  await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
});
afterAll(() => postgres.close());

beforeEach(async () => {
  await query("DELETE FROM users");
  await query("DELETE FROM tenants");
});

/** One connection a question: the local database has a single one, which nobody may keep. */
async function query(text: string, values: unknown[] = []) {
  admin = new Client(postgres.urls.admin);
  Object.assign(admin.neonConfig, {
    wsProxy: () => postgres.wsProxy,
    useSecureWebSocket: false,
    pipelineTLS: false,
    pipelineConnect: "password",
  });
  await admin.connect();
  try {
    return (await admin.query(text, values)).rows;
  } finally {
    await admin.end();
  }
}

/** A user, and the data key they were given. */
async function newUser(keyring: Keyring) {
  const userId = newId();
  const key = keyring.newDataKey();
  const wrapped = Buffer.from(keyring.wrap(key, { ownerId: userId })).toString("hex");
  await query("INSERT INTO users (id, email) VALUES ($1, $2)", [userId, `${userId}@example.com`]);
  await query("INSERT INTO data_keys (user_id, wrapped, master_key_id) VALUES ($1, decode($2, 'hex'), $3)", [
    userId,
    wrapped,
    keyring.currentId,
  ]);
  return { userId, key };
}

async function unwrapped(keyring: Keyring, userId: string) {
  const [row] = await query("SELECT encode(wrapped, 'hex') AS wrapped FROM data_keys WHERE user_id = $1", [
    userId,
  ]);
  return keyring.unwrap(Buffer.from(row.wrapped, "hex"), { ownerId: userId });
}

function rotate(
  keyring: Keyring,
  more: { batchRows?: number; onProgress?: (progress: RotateProgress) => void } = {},
) {
  return rotateKeys({ url: postgres.urls.identity, wsProxy: postgres.wsProxy, keyring, ...more });
}

it("wraps every data key by the current master key alone, batch by batch, and each stays the same key", async () => {
  const users = [await newUser(before), await newUser(before), await newUser(before)];
  const told: RotateProgress[] = [];
  const report = await rotate(now, { batchRows: 2, onProgress: (progress) => told.push(progress) });
  expect(report).toMatchObject({ rewrapped: 3, unreadable: [], inUse: new Map() });
  expect(told).toEqual([
    { total: 3, done: 2 },
    { total: 3, done: 3 },
  ]);
  const only = new Keyring("k2", new Map([["k2", k2]]));
  for (const { userId, key } of users) {
    expect((await unwrapped(only, userId)).exportSecret()).toEqual(key.exportSecret());
  }
  expect((await rotate(now)).rewrapped).toBe(0);
});

it("goes on after it was stopped between two batches", async () => {
  for (let count = 0; count < 3; count++) await newUser(before);
  const stop = () => {
    throw new Error("killed");
  };
  await expect(rotate(now, { batchRows: 1, onProgress: stop })).rejects.toThrow("killed");
  expect(await rotate(now)).toMatchObject({ rewrapped: 2, inUse: new Map() });
});

it("keeps a key that something in the database still needs, and goes on past what it cannot open", async () => {
  const other = new Keyring("k0", new Map([["k0", randomBytes(32)]]));
  const lost = await newUser(other);
  await newUser(before);
  const report = await rotate(now);
  expect(report).toMatchObject({ rewrapped: 1, unreadable: [lost.userId], inUse: new Map([["k0", 1]]) });
  expect(isRetirable(report)).toBe(false);
  expect(describeReport(report, "k2").join(" ")).toContain("k0 still wraps 1");
});

it("calls a key retirable only once every hub has said that its copy does not need it", async () => {
  const { userId } = await newUser(before);
  const tenantId = newId();
  await query("INSERT INTO tenants (id, kind) VALUES ($1, 'personal')", [tenantId]);
  await query("INSERT INTO hub_keys (tenant_id, user_id, master_key_id) VALUES ($1, $2, 'k1')", [
    tenantId,
    userId,
  ]);
  const report = await rotate(now);
  expect(report).toMatchObject({ inUse: new Map(), inHubs: new Map([["k1", 1]]) });
  expect(isRetirable(report)).toBe(false);
  const told = describeReport(report, "k2").join(" ");
  expect(told).toContain("k1 may still wrap the copies of 1 hubs: keep it.");
  expect(told).not.toContain("can be retired");
  await query("UPDATE hub_keys SET master_key_id = 'k2'");
  const later = await rotate(now);
  expect(isRetirable(later)).toBe(true);
  expect(describeReport(later, "k2").at(-1)).toContain("Every other key can be retired");
});

it("wraps the keys of tenants too, which no hub holds a copy of", async () => {
  const tenantId = newId();
  const key = before.newDataKey();
  const wrapped = Buffer.from(before.wrap(key, { ownerId: tenantId })).toString("hex");
  await query("INSERT INTO tenants (id, kind) VALUES ($1, 'personal')", [tenantId]);
  await query(
    "INSERT INTO tenant_keys (tenant_id, wrapped, master_key_id) VALUES ($1, decode($2, 'hex'), 'k1')",
    [tenantId, wrapped],
  );
  const report = await rotate(now);
  expect(report).toMatchObject({ rewrapped: 1, inUse: new Map(), inHubs: new Map() });
  const [row] = await query("SELECT encode(wrapped, 'hex') AS wrapped FROM tenant_keys");
  const only = new Keyring("k2", new Map([["k2", k2]]));
  const opened = only.unwrap(Buffer.from(row.wrapped, "hex"), { ownerId: tenantId });
  expect(opened.exportSecret()).toEqual(key.exportSecret());
});

describe("the command", () => {
  const masterKeys = (current: string, keys: Record<string, Uint8Array>) =>
    JSON.stringify({
      current,
      keys: Object.fromEntries(
        Object.entries(keys).map(([id, key]) => [id, Buffer.from(key).toString("base64")]),
      ),
    });

  /** As an operator runs it. */
  function run(env: Record<string, string>) {
    return new Promise<{ code: unknown; told: string[] }>((resolve) => {
      execFile(process.execPath, ["dev/rotate-keys.ts"], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, told: `${stdout}${stderr}`.trim().split("\n") }),
      );
    });
  }

  const database = () => ({
    IDENTITY_DATABASE_URL: postgres.urls.identity,
    ...(postgres.wsProxy ? { NEON_WS_PROXY: postgres.wsProxy } : {}),
  });

  it("tells how far it is, what it did, and that the old key can be retired", async () => {
    await newUser(before);
    await newUser(before);
    const MASTER_KEYS = masterKeys("k2", { k1, k2 });
    expect(await run({ ...database(), MASTER_KEYS })).toEqual({
      code: 0,
      told: [
        "2 of 2 …",
        "2 data keys are wrapped anew by k2.",
        "Every other key can be retired: nothing needs it any more.",
      ],
    });
  });

  it("fails when a data key cannot be opened, and names whose", async () => {
    const { userId } = await newUser(before);
    const { code, told } = await run({ ...database(), MASTER_KEYS: masterKeys("k2", { k2 }) });
    expect(code).toBe(1);
    expect(told).toContain("k1 still wraps 1 data keys: keep it.");
    expect(told).toContain(`The data key of ${userId} cannot be opened with these MASTER_KEYS.`);
    expect(told.join(" ")).not.toContain("can be retired");
  });

  it("says what it needs", async () => {
    expect(await run({})).toEqual({
      code: 1,
      told: ["Set IDENTITY_DATABASE_URL and MASTER_KEYS to what the Worker has."],
    });
  });
});
