import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CallResult,
  decideAck,
  decideCall,
  decideOutside,
  decideRevoke,
  decideStoreName,
  type JournalEntry,
  outstandingResult,
  prunableTombstones,
  unsendableResult,
} from "../../device/journal-core.ts";

const now = { epoch: 3, running: false };
const insert = { action: "insert", epoch: 3 } as const;
const result: CallResult = { row: { id: "r1" } };
const codeOf = (answer: CallResult) => ("error" in answer ? answer.error.code : null);

describe("a tool call", () => {
  it("runs once with its journal entry in the same transaction", () => {
    expect(decideCall(undefined, insert, now)).toEqual({ do: "execute", journal: "with_effect" });
  });

  it("leaves no trace when it only reads", () => {
    expect(decideCall(undefined, { action: "select", epoch: 3 }, now)).toEqual({
      do: "execute",
      journal: "nothing",
    });
  });

  it("is journaled before an effect outside the database begins", () => {
    expect(decideCall(undefined, { action: "mcp_call", epoch: 3 }, now)).toEqual({
      do: "execute",
      journal: "before_effect",
    });
  });

  it.each(["committed", "rejected"] as const)("that was %s is answered from the journal", (state) => {
    expect(decideCall({ state, result }, insert, now)).toEqual({ do: "answer", result });
  });

  it("that was revoked is refused", () => {
    const decision = decideCall({ state: "revoked" }, insert, now);
    expect(decision).toMatchObject({ do: "refuse", result: { error: { code: "revoked" } } });
  });

  it("that was begun by a process that died has an unknown outcome; one still running is left to finish", () => {
    const decision = decideCall({ state: "started" }, insert, now);
    expect(decision).toMatchObject({ do: "refuse", result: { error: { code: "outcome_unknown" } } });
    expect(decideCall({ state: "started" }, insert, { ...now, running: true })).toEqual({
      do: "ignore",
      why: "running",
    });
  });

  it("of an older connection is ignored, whatever the journal says", () => {
    for (const entry of [undefined, { state: "committed", result } as const, { state: "revoked" } as const]) {
      expect(decideCall(entry, { action: "insert", epoch: 2 }, now)).toEqual({
        do: "ignore",
        why: "older_epoch",
      });
    }
  });
});

describe("a revocation", () => {
  it("that comes first leaves a tombstone and says so", () => {
    expect(decideRevoke(undefined, now)).toMatchObject({
      do: "tombstone",
      result: { error: { code: "revoked" } },
    });
  });

  it("that comes too late is answered with what was committed", () => {
    expect(decideRevoke({ state: "committed", result }, now)).toEqual({ do: "answer", result });
  });

  it("cannot call back an effect that is under way", () => {
    expect(decideRevoke({ state: "started" }, { running: true })).toEqual({ do: "wait" });
    expect(decideRevoke({ state: "started" }, now)).toMatchObject({
      do: "answer",
      result: { error: { code: "outcome_unknown" } },
    });
  });
});

it("a mutation whose answer does not fit into a frame is not told as a failure", () => {
  expect(codeOf(unsendableResult("select"))).toBe("result_too_large");
  expect(codeOf(unsendableResult("update"))).toBe("outcome_unknown");
});

describe("tombstones", () => {
  const limits = { max: 2, ageMinMs: 100 };

  it("stay however old they are while there are few", () => {
    expect(prunableTombstones([{ id: "a", atMs: 0 }], 1e9, limits)).toEqual([]);
  });

  it("go oldest first beyond the cap, but only when they are old enough", () => {
    const tombstones = [
      { id: "young", atMs: 950 },
      { id: "oldest", atMs: 1 },
      { id: "old", atMs: 2 },
      { id: "younger", atMs: 960 },
    ];
    expect(prunableTombstones(tombstones, 1000, limits)).toEqual(["oldest", "old"]);
    expect(prunableTombstones(tombstones, 101, limits)).toEqual(["oldest"]);
  });
});

describe("a store's name", () => {
  const database = { storeId: "s", revision: 7, file: 11 };

  it.each([
    ["stays after an orderly end", database, "keep"],
    ["stays when a crash left the marker behind", { ...database, revision: 5 }, "keep"],
    ["changes without a marker: a copy elsewhere", null, "rename"],
    [
      "changes when the marker has seen more: an older state was put back",
      { ...database, revision: 8 },
      "rename",
    ],
    ["changes beside another database's marker", { ...database, storeId: "t" }, "rename"],
    ["changes when it is another file", { ...database, file: 12 }, "rename"],
  ])("%s", (_what, marker, expected) => {
    expect(decideStoreName(database, marker).do).toBe(expected);
  });
});

/** A device on disk and in memory, with the shell reduced to what it must do. `effects` is the world, rolled back by nothing. */
class Device {
  entries = new Map<string, JournalEntry>();
  effects = new Map<string, number>();
  running = new Set<string>();
  epoch = 0;
  answers: { id: string; epoch: number; result: CallResult }[] = [];

  connect(): void {
    this.epoch++;
    for (const [id, entry] of this.entries) {
      const outstanding = outstandingResult(entry);
      if (outstanding !== null) this.answer(id, outstanding);
    }
  }

  /** `crash` is where the process dies: before anything durable, or after it and before the answer. */
  call(id: string, action: "insert" | "mcp_call", epoch: number, crash: "before" | "after" | "never"): void {
    const situation = { epoch: this.epoch, running: this.running.has(id) };
    const decision = decideCall(this.entries.get(id), { action, epoch }, situation);
    if (decision.do === "answer" || decision.do === "refuse") return this.answer(id, decision.result);
    if (decision.do === "ignore") return;
    if (crash === "before") return this.crash();
    if (decision.journal === "before_effect") {
      this.entries.set(id, { state: "started" });
      this.running.add(id);
      return crash === "after" ? this.crash() : undefined;
    }
    this.effect(id);
    this.entries.set(id, { state: "committed", result: { row: { id } } });
    if (crash === "after") return this.crash();
    this.answer(id, { row: { id } });
  }

  /** The effect outside happens; whether its result is seen depends on the process living on. */
  finish(id: string, crash: boolean): void {
    if (!this.running.has(id)) return;
    this.effect(id);
    if (crash) return this.crash();
    const { keep, result: told } = decideOutside({ kind: "done", result: { row: { id } } });
    if (keep !== null) this.entries.set(id, keep);
    this.running.delete(id);
    this.answer(id, told);
  }

  revoke(id: string): void {
    const decision = decideRevoke(this.entries.get(id), { running: this.running.has(id) });
    if (decision.do === "wait") return;
    if (decision.do === "tombstone") this.entries.set(id, { state: "revoked" });
    this.answer(id, decision.result);
  }

  ack(id: string): void {
    if (decideAck({ running: this.running.has(id) }) === "forget") this.entries.delete(id);
  }

  crash(): void {
    this.running.clear();
    this.epoch++;
  }

  effect(id: string): void {
    this.effects.set(id, (this.effects.get(id) ?? 0) + 1);
  }

  answer(id: string, told: CallResult): void {
    this.answers.push({ id, epoch: this.epoch, result: told });
  }
}

it("an effect happens at most once and is never denied, under any schedule of crashes, repeats and revocations", () => {
  const ids = ["insert-1", "insert-2", "mcp_call-1"];
  const step = fc.record({
    what: fc.constantFrom("call", "call", "late call", "finish", "revoke", "connect", "crash", "ack"),
    id: fc.constantFrom(...ids),
    crash: fc.constantFrom("never", "never", "before", "after"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const device = new Device();
      device.connect();
      const settled = new Set<string>();
      for (const { what, id, crash } of steps) {
        const action = id.startsWith("insert") ? "insert" : "mcp_call";
        // The hub makes no call again whose answer it acknowledged.
        if (what === "call" && !settled.has(id)) device.call(id, action, device.epoch, crash);
        if (what === "late call") device.call(id, action, device.epoch - 1, crash);
        if (what === "finish") device.finish(id, crash !== "never");
        if (what === "revoke") device.revoke(id);
        if (what === "connect") device.connect();
        if (what === "crash") device.crash();
        if (what === "ack" && device.answers.some((answer) => answer.id === id)) {
          device.ack(id);
          settled.add(id);
        }
      }
      for (const id of ids) {
        const told = device.answers.filter((answer) => answer.id === id).map((answer) => answer.result);
        expect(device.effects.get(id) ?? 0).toBeLessThanOrEqual(1);
        if (told.some((answer) => "row" in answer)) expect(device.effects.get(id)).toBe(1);
        if (told.some((answer) => codeOf(answer) === "revoked") && !settled.has(id)) {
          expect(device.effects.get(id) ?? 0).toBe(0);
        }
      }
    }),
    { numRuns: 3000 },
  );
});
