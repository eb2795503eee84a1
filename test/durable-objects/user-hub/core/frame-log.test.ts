import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameLog } from "../../../../durable-objects/user-hub/core/frame-log.ts";
import type { StreamReset, TurnFrame } from "../../../../src/features/hub/protocol.ts";

const TURN = "turn";

/** A client as spec 3 describes it: it takes what comes in order, and forgets what a reset tells it to. */
class Client {
  gen = 1;
  frames: TurnFrame[] = [];
  isLive = true;

  take(frame: StreamReset | TurnFrame): void {
    if (frame.type === "stream_reset") {
      expect(frame.gen).toBeGreaterThan(this.gen);
      this.gen = frame.gen;
      this.frames = this.frames.slice(0, frame.after_seq);
    } else {
      expect(frame.seq).toBe(this.frames.length + 1);
      this.frames.push(frame);
    }
  }
}

/** A log with what a hub stores of it, and clients that follow it, lose their connection and resume. */
class Turn {
  log = new FrameLog(TURN);
  durable: TurnFrame[] = [];
  tail: TurnFrame[] = [];
  readonly clients = [new Client(), new Client(), new Client()];
  #said = 0;

  get frames(): TurnFrame[] {
    return [...this.durable, ...this.tail];
  }

  append(): void {
    const frame = this.log.append({ type: "stream_text", chunk: `${++this.#said}` });
    this.tail.push(frame);
    this.#deliver(frame);
  }

  commit(): void {
    this.durable.push(...this.log.takeTail());
    this.tail = [];
  }

  retract(): void {
    this.tail = [];
    this.#deliver(this.log.reset());
  }

  /** The hub loses its memory and takes the turn up from what it stored. */
  crash(): void {
    const { gen, durableSeq, resets } = this.log;
    this.log = new FrameLog(TURN, { gen, durableSeq, resets: [...resets] });
    this.retract();
  }

  /** `delivered`: how many frames of the replay arrive before the connection breaks again. */
  resume(client: Client, { storedFrom, delivered }: { storedFrom: number; delivered: number }): void {
    const { gen, frames } = client;
    const cut = this.log.cut(gen, frames.length);
    const stored = this.durable.filter((frame) => frame.seq > storedFrom % (cut + 1));
    const missed = this.log.since(gen, frames.length, stored);
    const agreed = this.#agreedWith(frames);
    expect(missed.filter((frame) => frame.type !== "stream_reset")).toEqual(this.frames.slice(agreed));
    for (const frame of missed.slice(0, delivered)) client.take(frame);
    client.isLive = delivered >= missed.length;
    if (client.isLive) expect(client.gen).toBe(this.log.gen);
  }

  /** How far a client's frames are the very ones that still count. */
  #agreedWith(frames: TurnFrame[]): number {
    const now = this.frames;
    const apart = frames.findIndex((frame, index) => now[index] !== frame);
    return apart === -1 ? frames.length : apart;
  }

  #deliver(frame: StreamReset | TurnFrame): void {
    for (const client of this.clients) if (client.isLive) client.take(frame);
  }
}

type Step =
  | { do: "append" | "commit" | "retract" | "crash" }
  | { do: "leave"; client: number }
  | { do: "resume"; client: number; storedFrom: number; delivered: number };

const client = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>({ do: "append" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: "commit" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "retract" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "crash" }) },
  { weight: 3, arbitrary: client.map((index): Step => ({ do: "leave", client: index })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(client, fc.nat({ max: 20 }), fc.oneof(fc.nat({ max: 4 }), fc.constant(1000)))
      .map(
        ([index, storedFrom, delivered]): Step => ({ do: "resume", client: index, storedFrom, delivered }),
      ),
  },
);

function take(turn: Turn, each: Step): void {
  if (each.do === "leave") turn.clients[each.client]!.isLive = false;
  else if (each.do === "resume") turn.resume(turn.clients[each.client]!, each);
  else turn[each.do]();
}

describe("the frames of a turn", () => {
  it("reach every client once and in order, whatever was committed, retracted or lost, and whenever it left", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const turn = new Turn();
        for (const each of steps) {
          take(turn, each);
          expect(turn.frames.map((frame) => frame.seq)).toEqual(turn.frames.map((_, index) => index + 1));
          expect(turn.log.lastSeq).toBe(turn.frames.length);
          expect(turn.log.durableSeq).toBe(turn.durable.length);
          for (const each of turn.clients) if (each.isLive) expect(each.frames).toEqual(turn.frames);
        }
        for (const each of turn.clients) {
          if (!each.isLive) turn.resume(each, { storedFrom: 0, delivered: Number.POSITIVE_INFINITY });
          expect(each.frames).toEqual(turn.frames);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("are numbered from 1 and carry the turn and the generation", () => {
    const log = new FrameLog(TURN);
    expect(log.append({ type: "stream_start" })).toEqual({
      type: "stream_start",
      request_id: TURN,
      gen: 1,
      seq: 1,
    });
    expect(log.append({ type: "stream_text", chunk: "a" })).toMatchObject({ chunk: "a", gen: 1, seq: 2 });
  });

  it("are handed over for a journal write once", () => {
    const log = new FrameLog(TURN);
    const frame = log.append({ type: "stream_start" });
    expect(log.takeTail()).toEqual([frame]);
    expect(log.takeTail()).toEqual([]);
    expect(log).toMatchObject({ lastSeq: 1, durableSeq: 1 });
  });

  it("are numbered on from the last durable one when a new generation begins", () => {
    const log = new FrameLog(TURN);
    log.append({ type: "stream_start" });
    log.takeTail();
    log.append({ type: "stream_text", chunk: "lost" });
    expect(log.reset()).toEqual({ type: "stream_reset", request_id: TURN, gen: 2, after_seq: 1 });
    expect(log.append({ type: "stream_text", chunk: "said again" })).toMatchObject({ gen: 2, seq: 2 });
    expect(log.resets).toEqual([{ gen: 2, afterSeq: 1 }]);
  });
});

describe("what a client lacks", () => {
  it("is everything for one that never got a frame", () => {
    const log = new FrameLog(TURN);
    const durable = [log.append({ type: "stream_start" })];
    log.takeTail();
    const tail = log.append({ type: "stream_text", chunk: "a" });
    expect(log.since(1, 0, durable)).toEqual([...durable, tail]);
  });

  it("is nothing for one that has everything of this generation, and needs no stored frame to say so", () => {
    const log = new FrameLog(TURN);
    log.append({ type: "stream_start" });
    log.takeTail();
    expect(log.since(1, 1, [])).toEqual([]);
  });

  it("is nothing for one that claims more than was ever numbered", () => {
    const log = new FrameLog(TURN);
    log.append({ type: "stream_start" });
    expect(log.since(1, 99, [])).toEqual([]);
    expect(log.cut(1, 99)).toBe(1);
  });

  it("begins at the lowest reset of all generations that it missed", () => {
    const log = new FrameLog(TURN, {
      gen: 3,
      durableSeq: 5,
      resets: [
        { gen: 2, afterSeq: 2 },
        { gen: 3, afterSeq: 4 },
      ],
    });
    expect(log.cut(1, 9)).toBe(2);
    expect(log.cut(2, 9)).toBe(4);
    expect(log.cut(3, 9)).toBe(5);
    expect(log.cut(1, 1)).toBe(1);
    expect(log.since(1, 1, [])).toEqual([{ type: "stream_reset", request_id: TURN, gen: 3, after_seq: 1 }]);
  });
});
