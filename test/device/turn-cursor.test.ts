import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { awaitReplay, startCursor, stepFrame, stepReset, type TurnCursor } from "../../device/turn-cursor.ts";
import { FrameLog } from "../../durable-objects/user-hub/core/frame-log.ts";
import type { StreamReset, TurnFrame } from "../../src/features/hub/protocol.ts";

const at = (gen: number, seq: number): TurnCursor => ({ gen, seq, replay: "none" });

describe("the cursor of a turn", () => {
  it("takes frames in order and drops repeats", () => {
    expect(stepFrame(at(1, 4), { gen: 1, seq: 5 })).toMatchObject({ do: "take", cursor: at(1, 5) });
    expect(stepFrame(at(1, 5), { gen: 1, seq: 5 })).toEqual({ do: "drop", why: "repeat" });
  });

  it("asks once for what is missing, and takes nothing over the hole", () => {
    const hole = stepFrame(at(1, 5), { gen: 1, seq: 7 });
    expect(hole).toMatchObject({ do: "resume", cursor: { gen: 1, seq: 5, replay: "asked" } });
    expect(stepFrame(awaitReplay(at(1, 5)), { gen: 1, seq: 8 })).toEqual({ do: "drop", why: "ahead" });
  });

  it("drops a dead generation's frame after the reset, even the next in number", () => {
    const reset = stepReset(at(1, 5), { gen: 2, after_seq: 3 });
    expect(reset).toMatchObject({ do: "rewind", keepSeq: 3, cursor: at(2, 3) });
    expect(stepFrame(at(2, 3), { gen: 1, seq: 4 })).toEqual({ do: "drop", why: "older_generation" });
  });

  it("ignores the reset of an older generation", () => {
    expect(stepReset(at(3, 9), { gen: 2, after_seq: 4 })).toEqual({ do: "drop", why: "older_generation" });
  });
});

/** A client that keeps frames as the cursor says, over a connection that keeps order but may be cut at any point. */
class Client {
  cursor = startCursor();
  kept: TurnFrame[] = [];
  wire: (TurnFrame | StreamReset)[] = [];
  asks = false;

  receive(frame: TurnFrame | StreamReset): void {
    const step =
      frame.type === "stream_reset" ? stepReset(this.cursor, frame) : stepFrame(this.cursor, frame);
    if (step.do === "drop") return;
    this.cursor = step.cursor;
    if (step.do === "resume") this.asks = true;
    if (step.do === "rewind") this.kept = this.kept.filter((kept) => kept.seq <= step.keepSeq);
    if (frame.type !== "stream_reset" && step.do !== "resume") this.kept.push(frame);
  }
}

/** The hub's own frame log with the durable frames beside it, as its storage keeps them. */
class Hub {
  log = new FrameLog("turn");
  durable: TurnFrame[] = [];
  shown: TurnFrame[] = [];
  #count = 0;

  emit(): TurnFrame {
    const frame = this.log.append({ type: "stream_text", chunk: String(this.#count++) });
    this.shown.push(frame);
    return frame;
  }

  persist(): void {
    this.durable.push(...this.log.takeTail());
  }

  crash(): StreamReset {
    const reset = this.log.reset();
    this.shown = this.shown.filter((frame) => frame.seq <= reset.after_seq);
    return reset;
  }
}

it("ends with exactly the hub's frames, whatever is cut off, crashed or repeated on the way", () => {
  const step = fc.constantFrom(
    "emit",
    "emit",
    "emit",
    "persist",
    "crash",
    "deliver",
    "deliver",
    "cut",
    "answer",
    "repeat",
    "lose",
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const hub = new Hub();
      const client = new Client();
      let asked: TurnCursor | null = null;
      // A new connection gets none of the turn's frames before the answer to its `resume`.
      let follows = true;
      const ask = () => {
        client.asks = false;
        client.cursor = awaitReplay(client.cursor);
        asked = client.cursor;
      };
      const send = (frame: TurnFrame | StreamReset) => {
        if (follows) client.wire.push(frame);
      };
      const answer = () => {
        if (asked !== null) client.wire.push(...hub.log.since(asked.gen, asked.seq, hub.durable));
        asked = null;
        follows = true;
      };
      const deliver = () => {
        const frame = client.wire.shift();
        if (frame !== undefined) client.receive(frame);
        if (client.asks) ask();
      };
      for (const name of steps) {
        if (name === "emit") send(hub.emit());
        if (name === "persist") hub.persist();
        if (name === "crash") send(hub.crash());
        if (name === "deliver") deliver();
        if (name === "answer") answer();
        // Order is kept, so what comes twice comes twice in a row.
        if (name === "repeat") client.wire.unshift(...client.wire.slice(0, 1));
        // What was under way is lost with the socket; a crash may be among it.
        if (name === "cut" || name === "lose") {
          if (name === "lose") hub.crash();
          client.wire = [];
          follows = false;
          ask();
        }
      }
      answer();
      send(hub.emit());
      while (client.wire.length > 0 || asked !== null) {
        deliver();
        answer();
      }
      expect(client.kept).toEqual(hub.shown);
    }),
    { numRuns: 5000 },
  );
});
