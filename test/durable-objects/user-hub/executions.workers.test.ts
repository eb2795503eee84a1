/** What a turn asked of its device reaches Postgres once, after the turn and at no cost to it. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { type ToolExecution, ToolExecutionPage } from "../../../src/features/chat/schema.ts";
import { members } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { callFor } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { crashHub, crashHubAt, inHub, onWrites, ringAlarm } from "../../support/hub.ts";
import { scriptModel } from "../../support/model.ts";
import { type Answer, connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

type Device = Awaited<ReturnType<typeof connect>>;

const use = (name: string, input: Record<string, unknown>) => ({ type: "tool_use" as const, name, input });
const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** A turn without a chat that lists and creates; its end has been heard. */
async function errand(device: Device): Promise<string> {
  const [requestId, word] = [newId(), newId()];
  await scriptModel(word, [
    { content: [use("list_tasks", { status: "todo" }), use("create_task", { title: "Buy milk" })] },
    say("Done."),
  ]);
  device.send({ type: "floating_request", request_id: requestId, message: word, scope: { type: "task" } });
  await device.end(requestId);
  return requestId;
}

const willing: Answer = ({ action, data }) =>
  action === "select"
    ? { rows: [{ id: "t1", title: "Rest", status: "todo" }] }
    : { row: { ...data, id: "t2" } };

async function connected(user: TestUser, answer: Answer = willing): Promise<Device> {
  const device = await connect(user);
  device.answer = answer;
  return device;
}

async function executions(as: TestUser, query = ""): Promise<ToolExecution[]> {
  const page = await callFor(ToolExecutionPage, "GET", `/tool-executions?limit=100${query}`, { as });
  return page.data;
}

/** Rings the alarm and waits until nothing is owed that has not failed. */
async function flush(user: TestUser): Promise<void> {
  await ringAlarm(user);
  await expect.poll(() => owed(user)).not.toContainEqual(expect.objectContaining({ tries: 0 }));
}

function owed(user: TestUser) {
  return inHub(user, ({ storage }) =>
    storage.sql.exec("SELECT request_id, tries FROM owed_executions").toArray(),
  );
}

function journalRows(user: TestUser, requestId: string): Promise<number> {
  return inHub(
    user,
    ({ storage }) =>
      storage.sql.exec("SELECT 1 FROM journal WHERE request_id = ?", requestId).toArray().length,
  );
}

/** As if the time to drop a turn's content, and to try again what failed, had come. */
function hasten(user: TestUser): Promise<void> {
  return inHub(user, ({ storage }) => {
    storage.sql.exec("UPDATE turns SET due_at = 0");
    storage.sql.exec("UPDATE owed_executions SET due_at = 0");
  });
}

test("the calls of a turn without a chat are listed once the alarm has rung", async () => {
  const user = await newUser(env);
  const device = await connected(user);
  const turn = await errand(device);
  expect(await executions(user)).toEqual([]);
  await flush(user);
  const listed = await executions(user, "&include=payloads");
  const byAction = Object.fromEntries(listed.map((each) => [each.action, each]));
  expect(listed).toHaveLength(2);
  expect(listed.map(({ id }) => id).sort()).toEqual(
    device
      .all("tool_call")
      .map(({ id }) => id)
      .sort(),
  );
  const common = {
    request_id: turn,
    chat_id: null,
    device_id: device.deviceId,
    table: "tasks",
    status: "ok",
  };
  expect(byAction["select"]).toMatchObject({
    ...common,
    payload: { call: { filters: { status: "todo" } }, result: { rows: [{ id: "t1", title: "Rest" }] } },
  });
  expect(byAction["insert"]).toMatchObject({
    ...common,
    payload: { call: { data: { title: "Buy milk" } }, result: { row: { id: "t2" } }, truncated: false },
  });
  for (const { duration_ms, started_at } of listed) {
    expect(duration_ms).toBeGreaterThanOrEqual(0);
    expect(Math.abs(Date.parse(started_at) - Date.now())).toBeLessThan(60_000);
  }
});

test("a turn in a chat names it, and one that called nothing leaves nothing", async () => {
  const user = await newUser(env);
  const device = await connected(user);
  const word = newId();
  await scriptModel(word, [
    { content: [use("task", { agent: "tasks", instruction: word })] },
    { content: [use("list_tasks", {})] },
    say("One."),
    say("One task."),
    say("Hello."),
  ]);
  await device.end(device.ask(word));
  await device.end(device.ask(word));
  const [start] = device.all("stream_start");
  await flush(user);
  expect(await executions(user)).toMatchObject([{ chat_id: start?.chat_id, action: "select" }]);
});

test("refusals of the device, and its absence, are told as what they are", async () => {
  const user = await newUser(env);
  const device = await connected(user, ({ action }) =>
    action === "select" ? { error: { code: "broken", message: "No such table." } } : null,
  );
  const cancelled = newId();
  await scriptModel(cancelled, [
    { content: [use("list_tasks", {}), use("create_task", { title: "Never answered" })] },
  ]);
  const scope = { type: "task" };
  device.send({ type: "floating_request", request_id: cancelled, message: cancelled, scope });
  await device.frame("tool_call", 2);
  device.send({ type: "cancel", request_id: cancelled });
  await device.end(cancelled);
  device.close();
  const viewer = await connect(user, { tools: false });
  const offline = await errand(viewer);
  await flush(user);
  const of = async (turn: string) =>
    (await executions(user, `&include=payloads&request_id=${turn}`))
      .map(({ action, status, device_id, payload }) => [action, status, device_id, payload?.result])
      .sort();
  expect(await of(cancelled)).toEqual([
    ["insert", "unknown", device.deviceId, null],
    ["select", "error", device.deviceId, { error: { code: "broken", message: "No such table." } }],
  ]);
  expect(await of(offline)).toEqual([
    ["insert", "offline", null, null],
    ["select", "offline", null, null],
  ]);
});

test("neither a commit nor an alarm is written for the record: a turn with calls has its three commits", async () => {
  const user = await newUser(env);
  const device = await connected(user);
  await errand(device);
  const writes: string[] = [];
  await inHub(user, ({ storage }) => onWrites(storage, (write) => writes.push(write)));
  await errand(device);
  expect(writes).toEqual(["commit", "commit", "commit"]);
});

test("a hub that dies before or after it brought them away brings each call once", async () => {
  for (const fate of ["lost", "kept"] as const) {
    const user = await newUser(env);
    const device = await connected(user);
    await errand(device);
    // The first commit of the alarm's flush is the one that settles what was saved.
    await crashHubAt(user, { write: "commit", number: 1, fate });
    await ringAlarm(user).catch(() => false);
    await expect.poll(async () => (await executions(user)).length).toBe(2);
    await flush(user);
    expect(await executions(user), fate).toHaveLength(2);
    expect(await owed(user), fate).toEqual([]);
  }
});

test("a turn that was taken up after a crash tells each call once, those before the crash too", async () => {
  const user = await newUser(env);
  let isMute = true;
  const device = await connected(user, (call) => (isMute ? null : willing(call)));
  const word = newId();
  await scriptModel(word, [
    { content: [use("list_tasks", {}), use("create_task", { title: "Buy milk" })] },
    say("Done."),
  ]);
  device.send({ type: "floating_request", request_id: word, message: word, scope: { type: "task" } });
  await device.frame("tool_call", 2);
  isMute = false;
  await crashHub(user);
  const again = await connect(user, { deviceId: device.deviceId });
  again.answer = willing;
  again.send({ type: "resume", request_id: word, gen: 1, after_seq: 0 });
  await again.end(word);
  await flush(user);
  const ids = (await executions(user)).map(({ id }) => id);
  expect(ids.sort()).toEqual(
    device
      .all("tool_call")
      .map(({ id }) => id)
      .sort(),
  );
});

test("while Postgres takes none of it the journal stays, and goes when it has", async () => {
  const user = await newUser(env);
  const turn = await errand(await connected(user));
  const admin = connectAs(env, "postgres");
  const [membership] = await admin.delete(members).where(eq(members.userId, user.userId)).returning();
  await hasten(user);
  await flush(user);
  expect(await owed(user)).toEqual([{ request_id: turn, tries: 1 }]);
  expect(await journalRows(user, turn)).toBeGreaterThan(0);
  await admin.insert(members).values(membership!);
  await hasten(user);
  await ringAlarm(user);
  await expect.poll(() => owed(user)).toEqual([]);
  expect(await executions(user)).toHaveLength(2);
  await hasten(user);
  await ringAlarm(user);
  expect(await journalRows(user, turn)).toBe(0);
});

test("a turn that Postgres refuses keeps no other from being saved", async () => {
  const user = await newUser(env);
  const device = await connected(user);
  const [refused, one, other] = [await errand(device), await errand(device), await errand(device)];
  await inHub(user, ({ storage }) => {
    // Postgres has no text with a zero character in it.
    const binding = JSON.stringify({ deviceId: "laptop\u0000", storeId: null });
    storage.sql.exec("UPDATE turns SET binding = ? WHERE request_id = ?", binding, refused);
  });
  await flush(user);
  const turns = (await executions(user)).map(({ request_id }) => request_id);
  expect(turns.sort()).toEqual([one, one, other, other].sort());
  expect(await owed(user)).toEqual([{ request_id: refused, tries: 1 }]);
});

test("what a busy hour leaves is brought in few trips", async () => {
  const user = await newUser(env);
  const device = await connected(user);
  const turns = [];
  for (let number = 0; number < 12; number++) turns.push(await errand(device));
  await flush(user);
  expect(await owed(user)).toEqual([]);
  expect(new Set((await executions(user)).map(({ request_id }) => request_id))).toEqual(new Set(turns));
});
