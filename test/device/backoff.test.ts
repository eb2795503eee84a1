import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterClose, BACKOFF_TIMES } from "../../device/backoff.ts";

const ending = (code: number, attempts = 1, more: { opened?: boolean; renewed?: boolean } = {}) => ({
  code,
  attempts,
  opened: true,
  renewed: false,
  ...more,
});

describe("after a socket has ended", () => {
  it.each([
    [4400, "protocol_abuse"],
    [4403, "disabled"],
    [4409, "replaced"],
  ])("%i stops for good", (code, reason) => {
    expect(afterClose(ending(code), 0.5)).toEqual({ do: "stop", reason });
  });

  it("4401 is tried once more with another credential", () => {
    expect(afterClose(ending(4401), 0.5)).toEqual({ do: "retry", afterMs: 0, renew: true });
    expect(afterClose(ending(4401, 2, { renewed: true }), 0.5)).toEqual({
      do: "stop",
      reason: "session_ended",
    });
  });

  it("4429 waits longer than anything else", () => {
    const step = afterClose(ending(4429), 0);
    expect(step).toMatchObject({ do: "retry", renew: false });
    expect(step.do === "retry" && step.afterMs).toBeGreaterThanOrEqual(BACKOFF_TIMES.rateLimitedMs);
  });

  it("a socket that never opens is given a fresh credential once, at the third try", () => {
    const renewals = [1, 2, 3, 4, 5].map((attempts) =>
      afterClose(ending(1006, attempts, { opened: false }), 0.5),
    );
    expect(renewals.map((step) => step.do === "retry" && step.renew)).toEqual([
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it("any other code waits between half of a doubling ceiling and all of it", () => {
    const code = fc.constantFrom(1000, 1001, 1005, 1006, 1009, 1011, 1012, 4408, 4500);
    const random = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(code, fc.integer({ min: 1, max: 2000 }), random, (closed, attempts, chance) => {
        const step = afterClose(ending(closed, attempts), chance);
        const ceiling = Math.min(BACKOFF_TIMES.maxMs, BACKOFF_TIMES.firstMs * 2 ** (attempts - 1));
        expect(step.do).toBe("retry");
        const waited = step.do === "retry" ? step.afterMs : Number.NaN;
        expect(waited).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
        expect(waited).toBeLessThanOrEqual(ceiling);
      }),
    );
  });
});
