import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sleep, systemClock } from "../../src/lib/time.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What became of a promise so far. */
function watched(promise: Promise<void>): { state: string } {
  const watch = { state: "waiting" };
  promise.then(
    () => {
      watch.state = "over";
    },
    (reason: unknown) => {
      watch.state = `rejected: ${reason instanceof Error ? reason.message : String(reason)}`;
    },
  );
  return watch;
}

describe("the system's clock", () => {
  it("tells the time of the system", () => {
    vi.setSystemTime(1234);
    expect(systemClock.now()).toBe(1234);
  });
});

describe("sleep", () => {
  it("ends after its time and not before", async () => {
    const watch = watched(sleep(100));
    await vi.advanceTimersByTimeAsync(99);
    expect(watch.state).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(watch.state).toBe("over");
  });

  it("ends at once with the signal's reason on an abort, and leaves no timer behind", async () => {
    const abort = new AbortController();
    const watch = watched(sleep(100, abort.signal));
    abort.abort(new Error("cancelled"));
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.state).toBe("rejected: cancelled");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin when the signal is aborted already", async () => {
    await expect(sleep(100, AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves no listener on the signal when it is over", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const watch = watched(sleep(100, signal));
    await vi.advanceTimersByTimeAsync(100);
    expect(watch.state).toBe("over");
    expect(added).toHaveBeenCalledOnce();
    expect(removed).toHaveBeenCalledWith("abort", added.mock.calls[0]![1]);
  });
});
