import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeviceClient, type DeviceClientOptions } from "../../device/client.ts";
import type { DeviceStore } from "../../device/store.ts";
import type { TurnEvent } from "../../device/transcript.ts";
import { type Turn, TurnRefused } from "../../device/turn.ts";
import { FakeHub, type FakeSocket, settle } from "./fake-hub.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const USAGE = { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0, model_calls: 1, tool_calls: 0 };

async function online(more: Partial<DeviceClientOptions> = {}) {
  const hub = new FakeHub();
  const client = new DeviceClient({
    url: "http://127.0.0.1:1",
    deviceId: "device-1",
    credentials: { credential: async () => ({ token: "t" }) },
    openSocket: hub.open,
    random: () => 0,
    ...more,
  });
  client.connect();
  await settle();
  hub.welcome();
  const reconnect = async () => {
    hub.socket.close(1006);
    await vi.advanceTimersByTimeAsync(60_000);
    return hub.welcome();
  };
  return { hub, client, reconnect };
}

function talk(socket: FakeSocket, requestId: string, gen = 1) {
  const send = (seq: number, type: string, more: object = {}) =>
    socket.frame({ type, request_id: requestId, gen, seq, ...more });
  return {
    start: (seq = 1) => send(seq, "stream_start", { chat_id: "chat-1" }),
    text: (seq: number, chunk: string) => send(seq, "stream_text", { chunk }),
    end: (seq: number) => send(seq, "stream_end", { status: "done", mutations: [], usage: USAGE }),
    send,
  };
}

async function all(turn: Turn): Promise<TurnEvent[]> {
  const events: TurnEvent[] = [];
  for await (const event of turn) events.push(event);
  return events;
}

it("passes on what happens elsewhere, topics of later versions included", async () => {
  const { hub, client } = await online();
  const heard: unknown[] = [];
  client.on("event", ({ id, topic, data }) => heard.push({ id, topic, data }));
  const events = [
    { id: "1", topic: "documents", data: { id: "d1", status: "ready", progress: 1 } },
    { id: "2", topic: "weather", data: {} },
  ];
  for (const event of events) hub.socket.frame({ type: "event", ...event });
  expect(heard).toEqual(events);
});

describe("a turn", () => {
  it("reads as text, blocks and statuses, and ends with its result", async () => {
    const { hub, client } = await online();
    const turn = client.ask({ message: "what is due?" });
    expect(hub.socket.sent.at(-1)).toEqual({
      type: "home_request",
      request_id: turn.requestId,
      message: "what is due?",
    });
    const said = talk(hub.socket, turn.requestId);
    said.start();
    said.send(2, "stream_status", { phase: "tool", label: "Looking" });
    said.text(3, "Two: <task>[a");
    said.text(4, ",b]</task>.");
    said.end(5);
    expect(await all(turn)).toEqual([
      { type: "start", chatId: "chat-1" },
      { type: "status", phase: "tool", label: "Looking" },
      { type: "text", text: "Two: " },
      { type: "block", block: { type: "reference", entity: "task", ids: ["a", "b"] } },
      { type: "text", text: "." },
      { type: "end", result: await turn.done },
    ]);
    expect(await turn.done).toMatchObject({ status: "done", text: "Two: .", chatId: "chat-1", usage: USAGE });
  });

  it("with a scope is a floating one, also when the scope is none", async () => {
    const { hub, client } = await online();
    client.ask({ message: "and this?", scope: { type: "task", id: "t1" }, requestId: "one" });
    client.ask({ message: "and that?", scope: null, requestId: "two" });
    expect(hub.socket.ofType("floating_request")).toEqual([
      {
        type: "floating_request",
        request_id: "one",
        message: "and this?",
        scope: { type: "task", id: "t1" },
      },
      { type: "floating_request", request_id: "two", message: "and that?" },
    ]);
  });

  it("that no hub would take is refused on the spot", async () => {
    const { client } = await online();
    expect(() => client.ask({ message: "" })).toThrow(TypeError);
    expect(() => client.ask({ message: "x".repeat(100_001) })).toThrow(TypeError);
  });

  it("asked for while there is no connection goes out with the next", async () => {
    const { hub, client, reconnect } = await online();
    hub.socket.close(1006);
    const turn = client.ask({ message: "later" });
    const socket = await reconnect();
    expect(socket.ofType("home_request")).toMatchObject([{ request_id: turn.requestId }]);
  });

  it("without any answer is sent again under the same id; with one it is resumed from there", async () => {
    const { client, reconnect } = await online();
    const turn = client.ask({ message: "hello" });
    const second = await reconnect();
    expect(second.ofType("home_request")).toMatchObject([{ request_id: turn.requestId }]);
    const said = talk(second, turn.requestId);
    said.start();
    said.text(2, "Hel");
    const third = await reconnect();
    expect(third.ofType("home_request")).toEqual([]);
    expect(third.ofType("resume")).toEqual([
      { type: "resume", request_id: turn.requestId, gen: 1, after_seq: 2 },
    ]);
    const again = talk(third, turn.requestId);
    again.text(2, "Hel");
    again.text(3, "lo");
    again.end(4);
    expect(await turn.done).toMatchObject({ text: "Hello" });
  });

  it("is not sent again when the hub may have forgotten that it ran", async () => {
    const { hub, client } = await online();
    const turn = client.ask({ message: "create a task" });
    hub.socket.close(1006);
    vi.setSystemTime(Date.now() + 600_000);
    await vi.advanceTimersByTimeAsync(1000);
    const socket = hub.welcome();
    expect(socket.ofType("home_request")).toEqual([]);
    expect(socket.ofType("resume")).toMatchObject([{ after_seq: 0 }]);
    socket.frame({ type: "error", code: "not_found", message: "No such turn.", in_reply_to: turn.requestId });
    await expect(turn.done).rejects.toThrow(TurnRefused);
  });

  it("takes back what a reset takes back", async () => {
    const { hub, client } = await online();
    const turn = client.ask({ message: "x" });
    const said = talk(hub.socket, turn.requestId);
    said.start();
    said.text(2, "kept <note>[n]</note> ");
    said.text(3, "lost <no");
    hub.socket.frame({ type: "stream_reset", request_id: turn.requestId, gen: 2, after_seq: 2 });
    said.text(3, "from a dead generation");
    const anew = talk(hub.socket, turn.requestId, 2);
    anew.text(3, "new");
    anew.end(4);
    const note = { type: "reference", entity: "note", ids: ["n"] };
    expect(await turn.done).toMatchObject({ text: "kept  new", blocks: [note] });
    expect(await all(turn)).toContainEqual({ type: "reset", text: "kept  ", blocks: [note] });
  });

  it("asks for what is missing when a frame is lost, and shows nothing twice", async () => {
    const { hub, client } = await online();
    const shown: string[] = [];
    client.on("stream_text", ({ chunk }) => void shown.push(chunk));
    const turn = client.ask({ message: "x" });
    const said = talk(hub.socket, turn.requestId);
    said.start();
    said.text(3, "b");
    expect(hub.socket.ofType("resume")).toMatchObject([{ gen: 1, after_seq: 1 }]);
    for (const [seq, chunk] of [
      [2, "a"],
      [3, "b"],
      [3, "b"],
    ] as const)
      said.text(seq, chunk);
    said.end(4);
    expect(await turn.done).toMatchObject({ text: "ab" });
    expect(shown).toEqual(["a", "b"]);
  });

  it("that is refused says why, to whoever waits and whoever iterates", async () => {
    const { hub, client } = await online();
    const turn = client.ask({ message: "one too many" });
    hub.socket.frame({
      type: "error",
      code: "busy",
      message: "Busy.",
      in_reply_to: turn.requestId,
      retry_after_s: 5,
    });
    await expect(turn.done).rejects.toMatchObject({ code: "busy", retryAfterS: 5 });
    await expect(all(turn)).rejects.toMatchObject({ code: "busy" });
  });

  it("can be cancelled, also while there is no connection", async () => {
    const { hub, client, reconnect } = await online();
    const turn = client.ask({ message: "x" });
    talk(hub.socket, turn.requestId).start();
    hub.socket.close(1006);
    turn.cancel();
    const socket = await reconnect();
    expect(socket.sent.slice(-2).map((frame) => frame.type)).toEqual(["resume", "cancel"]);
  });

  it("started elsewhere is followed from its first frame", async () => {
    const { hub, client } = await online();
    const turn = client.follow("theirs");
    expect(hub.socket.sent.at(-1)).toEqual({ type: "resume", request_id: "theirs", gen: 1, after_seq: 0 });
    hub.socket.frame({ type: "stream_reset", request_id: "theirs", gen: 2, after_seq: 0 });
    talk(hub.socket, "theirs", 1).start();
    talk(hub.socket, "theirs", 2).end(2);
    expect(await turn.done).toMatchObject({ status: "done" });
  });

  it("ends for the caller when there will be no connection any more", async () => {
    const { hub, client } = await online();
    const turn = client.ask({ message: "x" });
    hub.socket.close(4403);
    await expect(turn.done).rejects.toMatchObject({ code: "disconnected" });
  });
});

describe("an approval", () => {
  const request = {
    approval_id: "ap-1",
    summary: "Delete it?",
    action: "delete",
    table: "tasks",
    data: { id: "t" },
  };

  it("is shown, decided, and decided again on a new connection that has not moved on", async () => {
    const { hub, client, reconnect } = await online();
    const turn = client.ask({ message: "delete it" });
    const said = talk(hub.socket, turn.requestId);
    said.start();
    said.send(2, "approval_request", request);
    client.approve("ap-1", "go");
    const decision = { type: "approve", approval_id: "ap-1", note: "go" };
    expect(hub.socket.sent.at(-1)).toEqual(decision);
    const second = await reconnect();
    expect(second.sent.at(-1)).toEqual(decision);
    talk(second, turn.requestId).send(3, "stream_status", { phase: "tool", label: "Deleting" });
    const third = await reconnect();
    expect(third.ofType("approve")).toEqual([]);
    talk(third, turn.requestId).end(4);
    expect((await all(turn)).filter((event) => event.type === "approval")).toEqual([
      {
        type: "approval",
        approval: { id: "ap-1", summary: "Delete it?", action: "delete", table: "tasks", data: { id: "t" } },
      },
    ]);
  });

  it("can be rejected", async () => {
    const { hub, client } = await online();
    client.reject("ap-9");
    expect(hub.socket.sent.at(-1)).toEqual({ type: "reject", approval_id: "ap-9" });
  });
});

/** A store whose answers come when the test says so. */
function slowStore(): DeviceStore & { release: () => void } {
  const gate = Promise.withResolvers<void>();
  return {
    storeId: "store-1",
    release: gate.resolve,
    find: () => undefined,
    read: async () => {
      await gate.promise;
      return { rows: [{ id: "r" }] };
    },
    commit: () => {
      throw new Error("the disk is full");
    },
    record: () => {},
    forget: () => {},
    outstanding: () => [],
    describe: async (kind) => ({ kind }),
  };
}

describe("tool calls", () => {
  const call = {
    type: "tool_call",
    id: "c1",
    epoch: 1,
    action: "select",
    table: "tasks",
    deadline_ms: 30_000,
  };

  it("that finish while there is no connection are answered under the next epoch", async () => {
    const store = slowStore();
    const { hub, reconnect } = await online({ store });
    hub.socket.frame(call);
    await settle();
    hub.socket.close(1006);
    store.release();
    await settle();
    const socket = await reconnect();
    expect(socket.ofType("tool_result")).toEqual([
      { type: "tool_result", id: "c1", epoch: 2, rows: [{ id: "r" }] },
    ]);
  });

  it("of an older epoch are not run", async () => {
    const store = slowStore();
    store.release();
    const { hub, reconnect } = await online({ store });
    hub.socket.close(1006);
    const socket = await reconnect();
    socket.frame(call);
    socket.frame({ ...call, id: "c2", epoch: 2 });
    await settle();
    expect(socket.ofType("tool_result")).toMatchObject([{ id: "c2" }]);
  });

  it("that the store cannot serve are answered, and the trouble is told", async () => {
    const { hub, client } = await online({ store: slowStore() });
    const troubles: unknown[] = [];
    client.on("trouble", (cause) => void troubles.push(cause));
    hub.socket.frame({ ...call, action: "insert", data: {} });
    await settle();
    expect(hub.socket.ofType("tool_result")).toMatchObject([{ id: "c1", error: { code: "device_failed" } }]);
    expect(troubles).toEqual([new Error("the disk is full")]);
  });

  it("that cannot be read are answered with what is wrong", async () => {
    const { hub } = await online({ store: slowStore() });
    hub.socket.frame({ ...call, action: "drop_everything" });
    expect(hub.socket.ofType("tool_result")).toMatchObject([
      { id: "c1", epoch: 1, error: { code: "bad_frame" } },
    ]);
  });

  it("that ask for more than a frame holds are answered with an error instead", async () => {
    const store = { ...slowStore(), read: () => ({ rows: [{ text: "é".repeat(600_000) }] }) };
    const { hub } = await online({ store });
    hub.socket.frame(call);
    await settle();
    expect(hub.socket.ofType("tool_result")).toMatchObject([
      { id: "c1", error: { code: "result_too_large" } },
    ]);
  });

  it("are nothing to a viewer", async () => {
    const { hub } = await online();
    hub.socket.frame(call);
    await settle();
    expect(hub.socket.ofType("tool_result")).toEqual([]);
  });

  it("of the kind data_request describe the device", async () => {
    const { hub } = await online({ store: slowStore() });
    hub.socket.frame({ type: "data_request", id: "d1", kind: "schema" });
    await settle();
    expect(hub.socket.sent.at(-1)).toEqual({ type: "data_response", id: "d1", data: { kind: "schema" } });
  });

  it("of the kind data_request are answered at once with nothing, without a store or when it fails", async () => {
    const failing = { ...slowStore(), describe: () => Promise.reject(new Error("the disk is gone")) };
    for (const more of [{}, { store: failing }]) {
      const { hub } = await online(more);
      hub.socket.frame({ type: "data_request", id: "d1", kind: "device_info" });
      await settle();
      expect(hub.socket.sent.at(-1)).toEqual({ type: "data_response", id: "d1", data: null });
    }
  });
});
