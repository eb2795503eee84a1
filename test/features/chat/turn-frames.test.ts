import fc from "fast-check";
import { expect, test } from "vitest";
import { collectTurn, positionOf, turnEvents } from "../../../src/features/chat/turn-answer.ts";
import {
  type FollowedFrame,
  followTurn,
  type OpenTurn,
  readFrames,
  type TurnPosition,
} from "../../../src/features/chat/turn-frames.ts";
import type { StreamEnd } from "../../../src/features/hub/protocol.ts";

const usage = { input_tokens: 10, output_tokens: 5, cache_read_tokens: 0, model_calls: 1, tool_calls: 0 };
const turn = { request_id: "r1", gen: 1 };

function text(seq: number, chunk: string, gen = 1): FollowedFrame {
  return { type: "stream_text", request_id: "r1", gen, seq, chunk };
}

function end(seq: number, more: Partial<StreamEnd> = {}): FollowedFrame {
  return { type: "stream_end", ...turn, seq, status: "done", mutations: [], usage, ...more };
}

const start: FollowedFrame = { type: "stream_start", ...turn, seq: 1, chat_id: "c1" };

function lines(...frames: unknown[]): Uint8Array {
  return new TextEncoder().encode(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""));
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* iterate<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

const noPause = { fruitlessMax: 3, pause: async () => {} };

test("frames are read whole, however the bytes are cut", async () => {
  const frames = [start, text(2, "Grüße, 世界 👋"), text(3, "line\nbreak"), end(4)];
  const bytes = lines(...frames);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const edges = [0, ...cuts.sort((one, other) => one - other), bytes.length];
      const chunks = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
      expect(await listOf(readFrames(streamOf(...chunks)))).toEqual(frames);
    }),
  );
});

test("a stream that breaks anywhere is taken up again without a hole or a repeat", async () => {
  const frames = [start, ...Array.from({ length: 8 }, (_, index) => text(index + 2, `${index}`)), end(10)];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }), async (portions) => {
      const left = [...portions];
      const open: OpenTurn = async (from) => {
        const rest = frames.filter((frame) => "seq" in frame && frame.seq > (from?.after_seq ?? 0));
        return streamOf(lines(...rest.slice(0, left.shift() ?? rest.length)));
      };
      expect(await listOf(followTurn(open, noPause))).toEqual(frames);
    }),
  );
});

test("a connection that cannot be opened is tried again, and given up in the end", async () => {
  let opened = 0;
  const open: OpenTurn = async () => {
    opened++;
    throw new Error("the hub is being moved");
  };
  await expect(listOf(followTurn(open, noPause))).rejects.toMatchObject({ code: "timeout" });
  expect(opened).toBe(noPause.fruitlessMax + 1);
});

test("what the hub refuses is final", async () => {
  let opened = 0;
  const refusal = { type: "error", code: "busy", message: "Four turns are running.", retry_after_s: 3 };
  const open: OpenTurn = async () => {
    opened++;
    return streamOf(lines(refusal));
  };
  await expect(listOf(followTurn(open, noPause))).rejects.toMatchObject({
    code: "busy",
    detail: "Four turns are running.",
    retryAfterS: 3,
  });
  expect(opened).toBe(1);
});

test("a frame that no turn has is a fault, not a broken connection", async () => {
  for (const frame of [{ type: "pong" }, { type: "stream_text" }, "text"]) {
    const open: OpenTurn = async () => streamOf(lines(frame));
    await expect(listOf(followTurn(open, noPause))).rejects.toMatchObject({ code: "internal" });
  }
});

test("after a reset the reader asks from the reset point, in the new generation", async () => {
  const asked: (TurnPosition | undefined)[] = [];
  const reset: FollowedFrame = { type: "stream_reset", request_id: "r1", gen: 2, after_seq: 1 };
  const open: OpenTurn = async (from) => {
    asked.push(from);
    if (asked.length === 1) return streamOf(lines(start, text(2, "lost"), reset));
    return streamOf(lines(text(2, "kept", 2), end(3, { gen: 2 })));
  };
  await listOf(followTurn(open, noPause));
  expect(asked).toEqual([undefined, { gen: 2, after_seq: 1 }]);
});

test("an answer holds the text that counts: what a reset takes back is gone", async () => {
  const reset: FollowedFrame = { type: "stream_reset", request_id: "r1", gen: 2, after_seq: 2 };
  const frames = [
    start,
    text(2, "You have "),
    text(3, "seven"),
    reset,
    text(3, "three.", 2),
    end(4, { gen: 2 }),
  ];
  expect(await collectTurn(iterate(frames))).toEqual({
    response: "You have three.",
    request_id: "r1",
    chat_id: "c1",
    status: "done",
    mutations: [],
    usage,
  });
});

test("a turn that failed before it did anything is the error it failed with", async () => {
  const error = { code: "model_unavailable", message: "The model cannot be reached." };
  const failed = [start, end(2, { status: "failed", error })];
  await expect(collectTurn(iterate(failed))).rejects.toMatchObject({
    code: "model_unavailable",
    status: 502,
  });
  const unknown = [start, end(2, { status: "failed", error: { code: "new_code", message: "x" } })];
  await expect(collectTurn(iterate(unknown))).rejects.toMatchObject({ code: "internal" });
});

test("a turn that failed after it changed something answers with what it did", async () => {
  const error = { code: "timeout", message: "The turn took too long." };
  const mutations = [{ action: "insert" as const, table: "tasks", id: "t1", data: { title: "Milk" } }];
  const answer = await collectTurn(iterate([start, end(2, { status: "failed", error, mutations })]));
  expect(answer).toMatchObject({ status: "failed", response: "", mutations, error });
});

test("events carry generation and number, and a client can come back with them", async () => {
  const reset: FollowedFrame = { type: "stream_reset", request_id: "r1", gen: 2, after_seq: 2 };
  const events = await listOf(turnEvents(iterate([start, text(2, "Hi"), reset]), "r1"));
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ["stream_start", "1.1"],
    ["stream_text", "1.2"],
    ["stream_reset", "2.2"],
  ]);
  expect(positionOf("2.17")).toEqual({ gen: 2, after_seq: 17 });
  for (const id of [null, "", "2", "2.x", "-1.2", "1.2.3"]) expect(positionOf(id)).toBeUndefined();
});

test("a stream that cannot be read to its end says so in a last event", async () => {
  const open: OpenTurn = async () => streamOf();
  const events = await listOf(turnEvents(followTurn(open, noPause), "r1"));
  expect(events).toMatchObject([{ event: "error", data: { code: "timeout", request_id: "r1" } }]);
});
