/** How far a client has followed the numbered frames of one turn: finds repeats, holes and new generations. */

export interface TurnCursor {
  gen: number;
  /** The last number taken without a hole; 0 before the first. */
  seq: number;
  /** Of a `resume`: nothing has come of it yet, or its replay has begun and not reached the present generation. */
  replay: "none" | "asked" | "begun";
}

export type CursorStep =
  | { do: "take"; cursor: TurnCursor }
  /** Forget what came after `keepSeq`, then take the frame if there is one. */
  | { do: "rewind"; keepSeq: number; cursor: TurnCursor }
  | { do: "drop"; why: "repeat" | "ahead" | "older_generation" }
  /** Frames are missing: drop this one and ask for everything after the cursor, unless that was asked already. */
  | { do: "resume"; cursor: TurnCursor };

export function startCursor(): TurnCursor {
  return { gen: 1, seq: 0, replay: "none" };
}

/** On a new connection, or after a hole: everything after the cursor is about to be sent again. */
export function awaitReplay(cursor: TurnCursor): TurnCursor {
  return { ...cursor, replay: "asked" };
}

/**
 * A replay begins with a reset to the present generation and then repeats durable frames under the generations that
 * wrote them; so while it lasts an older generation is welcome if it is the next in line, and only then.
 */
export function stepFrame(cursor: TurnCursor, frame: { gen: number; seq: number }): CursorStep {
  const isOlder = frame.gen < cursor.gen;
  if (isOlder && cursor.replay === "none") return { do: "drop", why: "older_generation" };
  if (frame.seq > cursor.seq + 1) {
    // Live frames may get ahead of the replay; once that has begun, a hole is a hole.
    if (cursor.replay === "asked") return { do: "drop", why: "ahead" };
    return { do: "resume", cursor: awaitReplay(cursor) };
  }
  const next: TurnCursor = {
    gen: Math.max(cursor.gen, frame.gen),
    seq: frame.seq,
    replay: isOlder ? "begun" : "none",
  };
  if (frame.seq === cursor.seq + 1) return { do: "take", cursor: next };
  // A later generation counts anew from somewhere we have passed: its reset was lost with a connection.
  if (frame.gen > cursor.gen) return { do: "rewind", keepSeq: frame.seq - 1, cursor: next };
  return { do: "drop", why: "repeat" };
}

export function stepReset(cursor: TurnCursor, reset: { gen: number; after_seq: number }): CursorStep {
  if (reset.gen < cursor.gen) return { do: "drop", why: "older_generation" };
  const keepSeq = Math.min(cursor.seq, reset.after_seq);
  const replay = cursor.replay === "none" ? "none" : "begun";
  return { do: "rewind", keepSeq, cursor: { gen: reset.gen, seq: keepSeq, replay } };
}
