import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FrameLog } from "../../../durable-objects/user-hub/core/frame-log.ts";
import { FrameStream } from "../../../durable-objects/user-hub/frame-stream.ts";
import type { StreamReset, TurnFrame } from "../../../src/features/hub/protocol.ts";

const COALESCE_MS = 40;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Sent {
  stream: FrameStream;
  log: FrameLog;
  frames: (TurnFrame | StreamReset)[];
  /** Texts of the text frames, each as one frame. */
  chunks(): string[];
}

function start(): Sent {
  const frames: (TurnFrame | StreamReset)[] = [];
  const log = new FrameLog("turn");
  const stream = new FrameStream(log, (frame) => frames.push(frame));
  const chunks = () => frames.flatMap((frame) => (frame.type === "stream_text" ? [frame.chunk] : []));
  return { stream, log, frames, chunks };
}

describe("text of a turn", () => {
  it("goes out at once when there was silence before", () => {
    const { stream, chunks } = start();
    stream.text("Hel");
    expect(chunks()).toEqual(["Hel"]);
  });

  it("sets no timer when it comes in one piece", () => {
    const { stream } = start();
    stream.text("Hello.");
    expect(vi.getTimerCount()).toBe(0);
    stream.text(" And more.");
    expect(vi.getTimerCount()).toBe(1);
    stream.flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("shares a frame with what follows within 40 ms", () => {
    const { stream, chunks } = start();
    for (const delta of ["a", "b", "c"]) stream.text(delta);
    vi.advanceTimersByTime(COALESCE_MS - 1);
    stream.text("d");
    expect(chunks()).toEqual(["a"]);
    vi.advanceTimersByTime(1);
    expect(chunks()).toEqual(["a", "bcd"]);
  });

  it("gives one frame every 40 ms while it flows without a pause", () => {
    const { stream, chunks } = start();
    for (let ms = 0; ms <= 10 * COALESCE_MS; ms++) {
      stream.text("x");
      vi.advanceTimersByTime(1);
    }
    expect(chunks().map((chunk) => chunk.length)).toEqual([1, 39, ...Array(9).fill(40)]);
  });

  it("goes out at once again after a silence", () => {
    const { stream, chunks } = start();
    stream.text("a");
    vi.advanceTimersByTime(COALESCE_MS);
    stream.text("b");
    expect(chunks()).toEqual(["a", "b"]);
  });

  it("makes no frame of nothing, and leaves no timer running in a silence", () => {
    const { stream, frames } = start();
    stream.text("");
    stream.flush();
    expect(frames).toEqual([]);
    stream.text("a");
    vi.advanceTimersByTime(2 * COALESCE_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is cut into frames that are far below the limit and give the same text again", () => {
    const { stream, frames, chunks } = start();
    const long = `x${"😀".repeat(40_000)}`;
    stream.text(long);
    expect(Math.max(...frames.map((frame) => JSON.stringify(frame).length))).toBeLessThan(256 * 1024);
    const received = frames.map((frame) => JSON.parse(JSON.stringify(frame)).chunk);
    expect(received.join("")).toBe(long);
    expect(chunks().length).toBeGreaterThan(1);
  });
});

describe("any other frame of a turn", () => {
  it("goes out behind the text that waits", () => {
    const { stream, frames } = start();
    for (const delta of ["a", "b"]) stream.text(delta);
    stream.emit({ type: "stream_status", phase: "tool", label: "Looking" });
    expect(frames.map((frame) => frame.type)).toEqual(["stream_text", "stream_text", "stream_status"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("can be numbered in its place and sent later", () => {
    const { stream, frames } = start();
    for (const delta of ["a", "b"]) stream.text(delta);
    const last = stream.number({ type: "stream_start" });
    expect(last).toMatchObject({ seq: 3 });
    expect(frames).toHaveLength(2);
    stream.send(last);
    expect(frames.at(-1)).toBe(last);
  });
});

describe("a flush", () => {
  it("sends what waits, after which the next text goes out at once", () => {
    const { stream, chunks } = start();
    for (const delta of ["a", "b"]) stream.text(delta);
    stream.flush();
    stream.text("c");
    expect(chunks()).toEqual(["a", "b", "c"]);
    vi.advanceTimersByTime(COALESCE_MS);
    expect(chunks()).toEqual(["a", "b", "c"]);
  });
});

describe("a retraction", () => {
  it("drops what waits and tells clients to forget what was sent since the last commit", () => {
    const { stream, log, frames } = start();
    stream.emit({ type: "stream_start" });
    log.takeTail();
    for (const delta of ["wrong", "more"]) stream.text(delta);
    stream.retract();
    expect(vi.getTimerCount()).toBe(0);
    expect(frames.slice(1)).toEqual([
      { type: "stream_text", request_id: "turn", gen: 1, seq: 2, chunk: "wrong" },
      { type: "stream_reset", request_id: "turn", gen: 2, after_seq: 1 },
    ]);
    stream.text("right");
    expect(frames.at(-1)).toMatchObject({ type: "stream_text", chunk: "right", gen: 2, seq: 2 });
  });

  it("of everything leaves the stream empty: the opening is due again", () => {
    const { stream } = start();
    expect(stream.isEmpty).toBe(true);
    stream.text("a");
    expect(stream.isEmpty).toBe(false);
    stream.retract();
    expect(stream.isEmpty).toBe(true);
  });

  it("of text after a commit leaves the opening standing", () => {
    const { stream, log } = start();
    stream.emit({ type: "stream_start" });
    log.takeTail();
    stream.retract();
    expect(stream.isEmpty).toBe(false);
  });
});

describe("a stream that is discarded", () => {
  it("sends nothing more of what waited", () => {
    const { stream, chunks } = start();
    for (const delta of ["a", "b"]) stream.text(delta);
    stream.discard();
    vi.advanceTimersByTime(COALESCE_MS);
    stream.flush();
    expect(chunks()).toEqual(["a"]);
  });
});

describe("the frames of a turn", () => {
  const happening = fc.oneof(
    { weight: 5, arbitrary: fc.string({ maxLength: 5 }).map((text) => ({ text })) },
    { weight: 2, arbitrary: fc.constant({ status: true }) },
    { weight: 1, arbitrary: fc.constant({ flush: true }) },
    { weight: 4, arbitrary: fc.nat({ max: 100 }).map((ms) => ({ ms })) },
  );

  it("keep text and marks in the order they came in, without a loss, however they are timed", () => {
    fc.assert(
      fc.property(fc.array(happening), (happenings) => {
        const { stream, frames } = start();
        for (const each of happenings) {
          if ("text" in each) stream.text(each.text);
          else if ("status" in each) stream.emit({ type: "stream_status", phase: "tool", label: "|" });
          else if ("flush" in each) stream.flush();
          else vi.advanceTimersByTime(each.ms);
        }
        stream.flush();
        const sent = frames.map((frame) => {
          if (frame.type === "stream_text") return frame.chunk;
          return frame.type === "stream_status" ? frame.label : "";
        });
        const given = happenings.map((each) => ("text" in each ? each.text : "status" in each ? "|" : ""));
        expect(sent.join("")).toBe(given.join(""));
        expect(frames.map((frame) => "seq" in frame && frame.seq)).toEqual(
          frames.map((_, index) => index + 1),
        );
      }),
    );
  });
});
