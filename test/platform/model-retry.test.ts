import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  failureOfErrorType,
  failureOfStatus,
  failureOfTransport,
  MAX_RETRIES,
  MAX_RETRY_AFTER_MS,
  plainWord,
  planRetry,
  readRetryAfterMs,
} from "../../src/platform/model-retry.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const busy = failureOfStatus(529, { trace: "t" });

describe("planning the repeat of a model call", () => {
  it("spreads the wait over the whole of a doubling range", () => {
    const almostOne = () => 0.999999;
    expect([1, 2, 3].map((attempt) => planRetry(busy, attempt, almostOne))).toEqual([500, 1000, 2000]);
    expect([1, 2, 3].map((attempt) => planRetry(busy, attempt, () => 0))).toEqual([0, 0, 0]);
  });

  it("gives up after the third repeat", () => {
    expect(planRetry(busy, MAX_RETRIES, () => 0)).toBe(0);
    expect(planRetry(busy, MAX_RETRIES + 1, () => 0)).toBeNull();
  });

  it("never waits less than the provider asks, nor much more", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_RETRY_AFTER_MS }),
        fc.integer({ min: 1, max: MAX_RETRIES }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (retryAfterMs, attempt, random) => {
          const delay = planRetry(failureOfStatus(429, { retryAfterMs, trace: "t" }), attempt, () => random);
          expect(delay).toBeGreaterThanOrEqual(retryAfterMs);
          expect(delay).toBeLessThanOrEqual(retryAfterMs + 500);
        },
      ),
    );
  });

  it("does not wait for a provider that asks for more than a minute", () => {
    const failure = failureOfStatus(429, { retryAfterMs: MAX_RETRY_AFTER_MS + 1, trace: "t" });
    expect(planRetry(failure, 1, () => 0)).toBeNull();
  });
});

describe("reading how long a provider asks to wait", () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "Fri, 20 Nov 2026 12:00:07 GMT" }, 7000],
    [{ "retry-after": "Fri, 20 Nov 2026 11:59:00 GMT" }, undefined],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "-3" }, undefined],
    [{ "retry-after-ms": "250", "retry-after": "9" }, 250],
    [{ "retry-after-ms": "x", "retry-after": "9" }, 9000],
    [{}, undefined],
  ])("%j is %s ms", (headers, expected) => {
    expect(readRetryAfterMs(new Headers(headers), NOW)).toBe(expected);
  });
});

describe("judging a failed model call", () => {
  it.each([
    [429, "rate_limited"],
    [500, "server_error"],
    [503, "server_error"],
    [529, "overloaded"],
    [408, "server_error"],
  ])("repeats after status %i, as %s", (status, reason) => {
    expect(failureOfStatus(status, { trace: "t" })).toMatchObject({ retriable: true, reason });
  });

  it.each([400, 401, 402, 403, 404, 413, 422])("does not repeat after status %i", (status) => {
    expect(failureOfStatus(status, { trace: "t" })).toMatchObject({ retriable: false, reason: "rejected" });
  });

  it("follows the provider's own advice", () => {
    expect(failureOfStatus(429, { shouldRetry: "false", trace: "t" }).retriable).toBe(false);
    expect(failureOfStatus(409, { shouldRetry: "true", trace: "t" }).retriable).toBe(true);
  });

  it("tells errors inside the stream apart", () => {
    expect(failureOfErrorType("overloaded_error")).toMatchObject({ retriable: true, reason: "overloaded" });
    expect(failureOfErrorType("rate_limit_error")).toMatchObject({ retriable: true, reason: "rate_limited" });
    expect(failureOfErrorType("api_error")).toMatchObject({ retriable: true, reason: "server_error" });
    expect(failureOfErrorType("malformed_stream")).toMatchObject({ retriable: true, reason: "cut_stream" });
    expect(failureOfErrorType("invalid_request_error").retriable).toBe(false);
    expect(failureOfErrorType("authentication_error").retriable).toBe(false);
  });

  it("repeats whatever the transport lost", () => {
    for (const reason of ["connection", "timeout", "cut_stream"] as const) {
      expect(failureOfTransport(reason)).toMatchObject({ retriable: true, reason });
    }
  });

  it("lets only plain words of a provider into the log", () => {
    expect(plainWord("req_011CSH-x")).toBe("req_011CSH-x");
    expect(plainWord("messages.0: 'my secret diary'")).toBe("unknown");
    expect(plainWord(null)).toBe("unknown");
  });
});
