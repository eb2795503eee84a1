import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fault, Simulation } from "./exactly-once-simulation.ts";

const SCHEDULES = process.env["ADJUTANT_LONG"] ? 10_000 : 1_000;

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>({ do: "deliver_to_device" }) },
  { weight: 6, arbitrary: fc.constant<Fault>({ do: "deliver_to_hub" }) },
  { weight: 3, arbitrary: fc.constant<Fault>({ do: "commit" }) },
  { weight: 3, arbitrary: fc.constant<Fault>({ do: "garble_to_hub" }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "overtake_to_device" }) },
  { weight: 3, arbitrary: fc.nat({ max: 9 }).map((which): Fault => ({ do: "repeat_to_device", which })) },
  { weight: 2, arbitrary: fc.nat({ max: 9 }).map((which): Fault => ({ do: "late_to_device", which })) },
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "disconnect" }) },
  { weight: 3, arbitrary: fc.constant<Fault>({ do: "connect" }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "crash_hub" }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "recover" }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "crash_device_before_commit" }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "crash_device_after_commit" }) },
  { weight: 1, arbitrary: fc.constant<Fault>({ do: "restore_device" }) },
  { weight: 1, arbitrary: fc.constant<Fault>({ do: "cancel" }) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 8 * 24 * 3_600_000 }).map((ms): Fault => ({ do: "wait", ms })),
  },
  { weight: 3, arbitrary: fc.constantFrom(5_000, 29_999, 30_000).map((ms): Fault => ({ do: "wait", ms })) },
);

/** A stretch without a fault: what is under way arrives, and the next response is journaled. */
const calm: Fault[] = [
  { do: "connect" },
  { do: "deliver_to_device" },
  { do: "deliver_to_hub" },
  { do: "commit" },
  { do: "deliver_to_device" },
];

const schedule: fc.Arbitrary<Fault[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fault.map((each) => [each]) },
      { weight: 1, arbitrary: fc.constant(calm) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.flat());

function run(faults: Fault[], { deviceIsThere = true } = {}) {
  const simulation = new Simulation({ deviceIsThere });
  for (const each of faults) simulation.step(each);
  simulation.settle();
  return simulation.verdict;
}

describe("a mutation under faults", () => {
  it("happens at most once, and what the model is told is true or an unknown that the next hello settles", () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(schedule, fc.boolean(), (faults, deviceIsThere) => {
        const verdict = run(faults, { deviceIsThere });
        const { outcome, effects, executions, late } = verdict;
        reached.add(`${outcome}/${late}`);
        expect(executions).toBeLessThanOrEqual(1);
        expect(outcome).toBeDefined();
        expect(verdict.told).toBe(outcome);
        expect(verdict.isOpen).toBe(false);
        expect(verdict.journal).not.toBe("committed");
        if (outcome === "offline" || outcome === "failed") expect(executions).toBe(0);
        if (outcome === "unknown") expect(verdict.mayHaveBeenSent).toBe(true);
        if (outcome === "done") expect(executions).toBe(1);
        if (verdict.wasRestored) return;
        if (outcome === "done") expect(effects).toBe(1);
        if (outcome === "unknown") expect(late).toBe(effects === 1 ? "happened" : "did_not_happen");
      }),
      { numRuns: SCHEDULES },
    );
    // The schedules reach every ending there is: none of the claims above is empty.
    expect([...reached]).toEqual(
      expect.arrayContaining([
        "done/none",
        "failed/none",
        "offline/none",
        "unknown/happened",
        "unknown/did_not_happen",
        "unknown/none",
      ]),
    );
  });

  it("is done when nothing goes wrong", () => {
    const deliver: Fault[] = [{ do: "deliver_to_device" }, { do: "deliver_to_hub" }, { do: "commit" }];
    expect(run(deliver)).toMatchObject({ outcome: "done", effects: 1, journal: undefined });
  });

  it("is answered from the journal when the device dies after it committed and before it answered", () => {
    expect(run([{ do: "crash_device_after_commit" }])).toMatchObject({ outcome: "done", effects: 1 });
  });

  it("is made by the second sending when the device dies before it committed", () => {
    expect(run([{ do: "crash_device_before_commit" }])).toMatchObject({ outcome: "done", effects: 1 });
  });

  it("is called unknown when its answer stays away for 30 s of connected time, and settled by the next hello", () => {
    const faults: Fault[] = [{ do: "deliver_to_device" }, { do: "wait", ms: 30_000 }];
    expect(run(faults)).toMatchObject({ outcome: "unknown", late: "happened", effects: 1 });
  });

  it("never runs once it was revoked, though its frame comes again", () => {
    const faults: Fault[] = [
      { do: "disconnect" },
      { do: "wait", ms: 30_000 },
      { do: "connect" },
      { do: "deliver_to_device" },
      { do: "late_to_device", which: 0 },
    ];
    expect(run(faults)).toMatchObject({ outcome: "unknown", late: "did_not_happen", executions: 0 });
  });

  it("is offline, not unknown, when it was never sent", () => {
    const faults: Fault[] = [{ do: "wait", ms: 30_000 }];
    expect(run(faults, { deviceIsThere: false })).toMatchObject({ outcome: "offline", executions: 0 });
  });

  it("is never made in a restored database", () => {
    const never = run([{ do: "restore_device" }, { do: "connect" }], { deviceIsThere: false });
    expect(never).toMatchObject({ outcome: "failed", executions: 0 });
    const maybe = run([{ do: "restore_device" }, { do: "connect" }]);
    expect(maybe).toMatchObject({ outcome: "unknown", executions: 0 });
  });

  it("is taken from the answer that reaches the hub before the recovered turn asks again", () => {
    const faults: Fault[] = [
      { do: "crash_device_after_commit" },
      { do: "crash_hub" },
      { do: "connect" },
      { do: "deliver_to_hub" },
      { do: "recover" },
    ];
    expect(run(faults)).toMatchObject({ outcome: "done", executions: 1 });
  });

  it("never runs when the device reads the revocation before the call", () => {
    const faults: Fault[] = [
      { do: "wait", ms: 30_000 },
      { do: "overtake_to_device" },
      { do: "deliver_to_device" },
    ];
    expect(run(faults)).toMatchObject({ outcome: "unknown", late: "did_not_happen", executions: 0 });
  });

  it("gets the same answer when it comes again after its answers were lost", () => {
    const faults: Fault[] = [
      { do: "crash_device_after_commit" },
      { do: "connect" },
      { do: "garble_to_hub" },
      { do: "deliver_to_device" },
      { do: "deliver_to_hub" },
    ];
    expect(run(faults)).toMatchObject({ outcome: "done", executions: 1 });
  });

  it("is settled by the revocation when its answer cannot be read", () => {
    const faults: Fault[] = [
      { do: "deliver_to_device" },
      { do: "garble_to_hub" },
      { do: "wait", ms: 30_000 },
    ];
    expect(run(faults)).toMatchObject({ outcome: "unknown", late: "happened", executions: 1 });
  });
});
