/** Events from where they are published to those who hear of them: sockets, streams and polls. */
import { env, exports } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { UserHub } from "../../../durable-objects/user-hub/index.ts";
import { allow } from "../../../src/features/auth/policy.ts";
import { admission, introductionOf } from "../../../src/features/hub/admission.ts";
import { ADMISSION_HEADER, EVENTS_PATH, READER_BEAT_MS } from "../../../src/features/hub/client.ts";
import { EventLine } from "../../../src/features/hub/event-line.ts";
import { PING_TEXT, PONG_TEXT } from "../../../src/features/hub/protocol.ts";
import { EventPage, type PollEvents } from "../../../src/features/hub/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { portsOf } from "../../../src/ports.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { crashHub, evictHub, hubStub, inHub } from "../../support/hub.ts";
import { INTRUDERS } from "../../support/intruders.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const LOG_MAX = 1_000;
const DAY_MS = 86_400_000;
const READERS_MAX = 8;
const PAGE_MAX = 200;

const ports = portsOf(readEnv<UserHub>(env));

function publish(user: Pick<TestUser, "tenantId" | "userId">, number: number): Promise<void> {
  const data = { id: newId(), collection_id: newId(), version: number, status: "ready", progress: 1 };
  return ports.publish(user, { topic: "documents", data });
}

function poll(user: TestUser, query: Partial<PollEvents> = {}) {
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return callFor(EventPage, "GET", `/events/poll?${search}`, { as: user });
}

const numbersOf = ({ data }: EventPage) => data.map((event) => event.data["version"]);

/** A reader of the stream, as a browser's EventSource reads it. */
class Stream {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(user: TestUser, lastId?: string): Promise<Stream> {
    const response = await openStream(user, lastId);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    return new Stream(response.body!);
  }

  async next(): Promise<{ event: string; id: string; data: { cursor?: string; data?: unknown } }> {
    while (!this.#rest.includes("\n\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the stream has ended");
      this.#rest += value;
    }
    const [block = "", ...after] = this.#rest.split("\n\n");
    this.#rest = after.join("\n\n");
    const fields = Object.fromEntries(
      block.split("\n").map((line): [string, string] => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }),
    );
    return { event: fields["event"]!, id: fields["id"]!, data: JSON.parse(fields["data"]!) };
  }

  async hasEnded(): Promise<boolean> {
    return (await this.#reader.read()).done;
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

function openStream(user: TestUser, lastId?: string): Promise<Response> {
  return exports.default.fetch(
    new Request("http://adjutant.test/api/v1/events", {
      headers: {
        authorization: `Bearer ${user.accessToken}`,
        accept: "text/event-stream",
        ...(lastId === undefined ? {} : { "last-event-id": lastId }),
      },
    }),
  );
}

/** The edge's end of a reader's socket, without an edge. */
async function edgeOf(user: TestUser): Promise<WebSocket> {
  const admitted = await admission(userCtx(env, user), allow("events", "read"));
  const headers = { upgrade: "websocket", [ADMISSION_HEADER]: introductionOf(admitted) };
  const { webSocket } = await hubStub(user).fetch(`https://hub${EVENTS_PATH}`, { headers });
  webSocket!.accept();
  return webSocket!;
}

function readersOf(user: TestUser): Promise<number> {
  return inHub(user, (state) => state.getWebSockets().filter(({ readyState }) => readyState === 1).length);
}

test("every connected device hears of an event, and none of another person's", async () => {
  const [user, other] = [await newUser(env), await newUser(env)];
  const [one, two, stranger] = [await connect(user), await connect(user), await connect(other)];
  await publish(user, 1);
  for (const device of [one, two]) {
    expect(await device.frame("event")).toMatchObject({ topic: "documents", data: { version: 1 } });
  }
  await publish(other, 2);
  expect((await stranger.frame("event")).data).toMatchObject({ version: 2 });
  expect(stranger.all("event")).toHaveLength(1);
});

test.each(INTRUDERS)(
  "%s gets nothing of a person's events, with any cursor of theirs",
  async (_who, arrive) => {
    const user = await newUser(env);
    const { cursor } = await poll(user);
    await publish(user, 1);
    const intruder = await arrive(user);
    const page = await poll(intruder, { cursor });
    expect(page.data).toEqual([]);
    const stream = await Stream.open(intruder, cursor);
    expect((await stream.next()).event).toBe("reset");
    await stream.leave();
  },
);

test("a poll answers what happened since its cursor, once and in order, and waits for what comes next", async () => {
  const user = await newUser(env);
  const start = await poll(user);
  expect(start).toMatchObject({ data: [], reset: false });
  for (const number of [1, 2, 3]) await publish(user, number);
  const missed = await poll(user, { cursor: start.cursor });
  expect(numbersOf(missed)).toEqual([1, 2, 3]);
  const waiting = poll(user, { cursor: missed.cursor, wait_s: 20 });
  await expect.poll(() => readersOf(user)).toBe(1);
  await publish(user, 4);
  const next = await waiting;
  expect(numbersOf(next)).toEqual([4]);
  expect(await poll(user, { cursor: next.cursor })).toEqual({ data: [], cursor: next.cursor, reset: false });
});

test("more than a page holds is told page by page", async () => {
  const user = await newUser(env);
  const { cursor } = await poll(user);
  for (let number = 1; number <= PAGE_MAX + 1; number++) await publish(user, number);
  const first = await poll(user, { cursor });
  expect(first.data).toHaveLength(PAGE_MAX);
  const second = await poll(user, { cursor: first.cursor });
  expect(numbersOf(second)).toEqual([PAGE_MAX + 1]);
});

test("a stream tells what was missed, says when that is all, and goes on while the hub sleeps and wakes", async () => {
  const user = await newUser(env);
  const first = await Stream.open(user);
  const ready = await first.next();
  expect(ready).toMatchObject({ event: "ready", data: { cursor: ready.id } });
  await publish(user, 1);
  const heard = await first.next();
  expect(heard).toMatchObject({
    event: "documents",
    data: { id: heard.id, topic: "documents", data: { version: 1 } },
  });
  await evictHub(user);
  await publish(user, 2);
  expect(await first.next()).toMatchObject({ data: { data: { version: 2 } } });
  const second = await Stream.open(user, ready.id);
  expect([await second.next(), await second.next(), await second.next()]).toMatchObject([
    { data: { data: { version: 1 } } },
    { data: { data: { version: 2 } } },
    { event: "ready" },
  ]);
  await Promise.all([first.leave(), second.leave()]);
});

test("a stream is taken up again when the hub is torn down, without a hole", async () => {
  const user = await newUser(env);
  const stream = await Stream.open(user);
  await stream.next();
  await crashHub(user);
  await publish(user, 1);
  expect((await stream.next()).data).toMatchObject({ data: { version: 1 } });
  expect((await stream.next()).event).toBe("ready");
  await stream.leave();
});

test("a reader that leaves makes room, and one too many is told to wait", async () => {
  const user = await newUser(env);
  const streams = await Promise.all(Array.from({ length: READERS_MAX }, () => Stream.open(user)));
  expect(await problemOf(await openStream(user))).toMatchObject({ status: 429, code: "rate_limited" });
  expect(await problemOf(await call("GET", "/api/v1/events/poll", { as: user }))).toMatchObject({
    status: 429,
  });
  // Readers are not devices: those find their places free.
  const device = await connect(user);
  await streams[0]!.leave();
  await expect.poll(() => readersOf(user)).toBe(READERS_MAX);
  const next = await Stream.open(user);
  await Promise.all([...streams.slice(1), next].map((stream) => stream.leave()));
  device.close();
});

test("readers whose edge is gone without a word make room, and those that give signs of life keep their places", async () => {
  const user = await newUser(env);
  const readers = await Promise.all(Array.from({ length: READERS_MAX }, () => edgeOf(user)));
  const [living] = readers;
  await inHub(user, (state) => {
    for (const socket of state.getWebSockets()) {
      socket.serializeAttachment({ ...socket.deserializeAttachment(), openedAt: 0 });
    }
  });
  // A hub that woke again knows only what is in the attachments.
  await evictHub(user);
  const answered = new Promise((resolve) => living!.addEventListener("message", ({ data }) => resolve(data)));
  living!.send(PING_TEXT);
  expect(await answered).toBe(PONG_TEXT);
  const stream = await Stream.open(user);
  expect((await stream.next()).event).toBe("ready");
  expect(await readersOf(user)).toBe(2);
  expect(living!.readyState).toBe(WebSocket.OPEN);
  await stream.leave();
});

test("the edge gives a sign of life while a reader waits", async () => {
  const user = await newUser(env);
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const line = await EventLine.open(userCtx(env, user), undefined);
  try {
    expect(await line.next(10_000)).toMatchObject({ type: "ready" });
    vi.advanceTimersByTime(READER_BEAT_MS);
    const beats = () =>
      inHub(user, (state) =>
        state.getWebSockets().map((each) => state.getWebSocketAutoResponseTimestamp(each)),
      );
    await expect.poll(async () => (await beats())[0]).toBeInstanceOf(Date);
    await publish(user, 1);
    expect(await line.next(10_000)).toMatchObject({ type: "event" });
  } finally {
    line.close();
    vi.useRealTimers();
  }
});

test("who asks for some topics is told of those alone, and its cursor goes past the others", async () => {
  const user = await newUser(env);
  const { cursor } = await poll(user);
  const memory = { topic: "memory", data: { change: "learned" } };
  await publish(user, 1);
  await ports.publish(user, memory);
  await publish(user, 2);
  const some = await poll(user, { cursor, topics: "memory,agents" });
  expect(some.data.map(({ topic, data }) => ({ topic, data }))).toEqual([memory]);
  const none = await poll(user, { cursor: some.cursor, topics: "agents" });
  expect(none).toEqual({ data: [], cursor: some.cursor, reset: false });
  const waiting = poll(user, { cursor: none.cursor, wait_s: 20, topics: "memory" });
  await expect.poll(() => readersOf(user)).toBe(1);
  await publish(user, 3);
  await ports.publish(user, memory);
  expect((await waiting).data.map(({ topic }) => topic)).toEqual(["memory"]);
  const refused = await call("GET", "/api/v1/events/poll?topics=memory,gossip", { as: user });
  expect(await problemOf(refused)).toMatchObject({ status: 422, errors: [{ path: "query.topics" }] });
});

test("what its topic does not know is left out of an event, and a topic that is none is refused", async () => {
  const user = await newUser(env);
  const { cursor } = await poll(user);
  const words = { topic: "memory", data: { change: "learned", text: "Loves rain" } };
  await ports.publish(user, words);
  const { data } = await poll(user, { cursor });
  expect(data[0]?.data).toEqual({ change: "learned" });
  await expect((async () => ports.publish(user, { topic: "gossip", data: {} }))()).rejects.toThrow();
});

test("a session that ends ends its streams, and opens no other", async () => {
  const user = await newUser(env);
  const stream = await Stream.open(user);
  await stream.next();
  expect((await call("POST", "/api/v1/auth/logout", { as: user })).status).toBe(204);
  expect(await stream.hasEnded()).toBe(true);
  expect(await problemOf(await openStream(user))).toMatchObject({ status: 401, code: "session_revoked" });
});

test("what is too old to be known is told as such, and what can be known is told", async () => {
  const user = await newUser(env);
  const { cursor } = await poll(user);
  await publish(user, 1);
  const second = await poll(user, { cursor });
  await inHub(user, ({ storage }) => {
    const rows = Array.from({ length: LOG_MAX - 1 }, (_, index) => Number(second.cursor) + 1 + index);
    storage.transactionSync(() => {
      for (const id of rows) {
        storage.sql.exec("INSERT INTO events SELECT ?, at, body FROM events WHERE id = ?", id, second.cursor);
      }
    });
  });
  await publish(user, 2);
  const reset = await poll(user, { cursor });
  expect(reset).toMatchObject({ data: [], reset: true });
  expect(await poll(user, { cursor: reset.cursor })).toEqual({
    data: [],
    cursor: reset.cursor,
    reset: false,
  });
  const counted = await inHub(user, ({ storage }) =>
    storage.sql.exec<{ count: number }>("SELECT count(*) AS count FROM events").one(),
  );
  expect(counted.count).toBe(LOG_MAX);
});

test("events are forgotten after a day, and a cursor of another log is none of this one", async () => {
  const user = await newUser(env);
  const { cursor } = await poll(user);
  await publish(user, 1);
  await inHub(user, ({ storage }) => {
    storage.sql.exec("UPDATE events SET at = at - ?", DAY_MS + 1);
  });
  await publish(user, 2);
  expect((await poll(user, { cursor })).reset).toBe(true);
  const kept = await poll(user, { cursor: String(Number(cursor) + 1) });
  expect(numbersOf(kept)).toEqual([2]);
  expect((await poll(user, { cursor: "1" })).reset).toBe(true);
  expect((await poll(user, { cursor: String(Number(kept.cursor) + 1) })).reset).toBe(true);
});

test("an event for a person who never connected leaves nothing behind, not even a table", async () => {
  const user = await newUser(env);
  await publish(user, 1);
  const tables = await inHub(user, ({ storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'").toArray(),
  );
  expect(tables).toEqual([]);
  expect(await poll(user)).toMatchObject({ data: [], reset: false });
});

test("without asking for a stream, the stream's address answers what happened already", async () => {
  const user = await newUser(env);
  const { cursor } = await poll(user);
  await publish(user, 7);
  const page = await callFor(EventPage, "GET", "/events", { as: user, headers: { "last-event-id": cursor } });
  expect(numbersOf(page)).toEqual([7]);
});

test("a cursor that no answer gave is refused", async () => {
  const user = await newUser(env);
  const refused = await call("GET", "/api/v1/events/poll?cursor=yesterday&wait_s=31", { as: user });
  expect(await problemOf(refused)).toMatchObject({
    status: 422,
    errors: [{ path: "query.cursor" }, { path: "query.wait_s" }],
  });
});
