import { expect, test } from "vitest";
import { continueTrace } from "../../src/lib/trace.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

test("a trace goes on with a span of our own and its sampling flag", () => {
  const trace = continueTrace(`00-${TRACE}-00f067aa0ba902b7-00`);
  expect(trace.traceId).toBe(TRACE);
  expect(trace.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  expect(trace.traceparent).not.toContain("00f067aa0ba902b7");
});

test("a later version is read as far as it is known", () => {
  expect(continueTrace(`01-${TRACE}-00f067aa0ba902b7-01-more`).traceId).toBe(TRACE);
});

test.each([
  undefined,
  "",
  "diary",
  `ff-${TRACE}-00f067aa0ba902b7-01`,
  `00-${TRACE}-00f067aa0ba902b7-01-more`,
  `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
])("%s starts a new trace", (header) => {
  const { traceId, traceparent } = continueTrace(header);
  expect(traceId).not.toBe(TRACE);
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});
