import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { localDay, localText, parseIsoTime, utcOffsetMin, zoneOrUtc } from "../../src/lib/zone.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Havana",
  "America/St_Johns",
  "America/Santiago",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Asia/Beirut",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Pacific/Kiritimati",
];
const zone = fc.constantFrom(...ZONES);
const instant = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2037, 0, 1) });
const HOUR_MS = 3_600_000;

const at = (text: string) => Date.parse(text);

describe("a local day", () => {
  test("holds its instant, begins and ends where the date changes, and touches its neighbours", () => {
    fc.assert(
      fc.property(instant, zone, (ms, timezone) => {
        const day = localDay(ms, timezone);
        expect(day.startMs).toBeLessThanOrEqual(ms);
        expect(day.endMs).toBeGreaterThanOrEqual(ms);
        expect(localText(day.startMs, timezone).slice(0, 10)).toBe(day.date);
        expect(localText(day.endMs, timezone).slice(0, 10)).toBe(day.date);
        expect(localText(day.startMs - 1, timezone) < day.date).toBe(true);
        expect(localText(day.endMs + 1, timezone).slice(0, 10) > day.date).toBe(true);
        expect(localDay(day.endMs + 1, timezone).startMs).toBe(day.endMs + 1);
        expect(localDay(day.startMs - 1, timezone).endMs).toBe(day.startMs - 1);
      }),
      { numRuns: 1000 },
    );
  });

  test("is 23 hours long in spring and 25 in autumn", () => {
    const lengthH = (date: string) => {
      const day = localDay(at(`${date}T10:00:00Z`), "Europe/Berlin");
      return (day.endMs + 1 - day.startMs) / HOUR_MS;
    };
    expect([lengthH("2026-03-29"), lengthH("2026-10-25"), lengthH("2026-11-20")]).toEqual([23, 25, 24]);
  });

  test("begins at one o'clock where the clocks skip midnight", () => {
    const day = localDay(at("2026-04-24T10:00:00Z"), "Africa/Cairo");
    expect(day).toEqual({
      date: "2026-04-24",
      startMs: at("2026-04-23T22:00:00Z"),
      endMs: at("2026-04-24T20:59:59.999Z"),
    });
  });

  test("begins at the first of two midnights", () => {
    const day = localDay(at("2026-11-01T15:00:00Z"), "America/Havana");
    expect(day.startMs).toBe(at("2026-11-01T04:00:00Z"));
    expect(day.endMs + 1 - day.startMs).toBe(25 * HOUR_MS);
  });
});

describe("an ISO time", () => {
  test("reads back what was written, or the first of two times that are written alike", () => {
    fc.assert(
      fc.property(instant, zone, (ms, timezone) => {
        const text = localText(ms, timezone);
        const read = parseIsoTime(text, timezone);
        expect(read).not.toBeNull();
        expect(read).toBeLessThanOrEqual(ms);
        expect(localText(read ?? 0, timezone)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["2026-11-21", "2026-11-20T23:00:00Z"],
    ["2026-11-21T09:00", "2026-11-21T08:00:00Z"],
    ["2026-11-21 09:00:30.5", "2026-11-21T08:00:30.500Z"],
    ["2026-07-01T09:00", "2026-07-01T07:00:00Z"],
    ["2026-11-21T09:00Z", "2026-11-21T09:00:00Z"],
    ["2026-11-21T09:00:00-05:30", "2026-11-21T14:30:00Z"],
    ["2026-11-21T09:00+0200", "2026-11-21T07:00:00Z"],
    ["2026-03-29T02:30", "2026-03-29T01:30:00Z"],
    ["2026-10-25T02:30", "2026-10-25T00:30:00Z"],
  ])("%s in Berlin is %s", (text, utc) => {
    expect(parseIsoTime(text, "Europe/Berlin")).toBe(at(utc));
  });

  test.each([
    "",
    "tomorrow",
    "2026-02-30",
    "2026-13-01",
    "2026-11-21T24:00",
    "2026-11-21T09:60",
    "21.11.2026",
  ])("%j is none", (text) => {
    expect(parseIsoTime(text, "Europe/Berlin")).toBeNull();
  });
});

test("a zone that nobody knows counts as UTC", () => {
  expect(zoneOrUtc("Mars/Olympus")).toBe("UTC");
  expect(zoneOrUtc("Asia/Tokyo")).toBe("Asia/Tokyo");
  expect(localText(at("2026-11-20T10:00:00Z"), "Mars/Olympus")).toBe("2026-11-20 10:00");
});

test("the offset follows daylight saving", () => {
  expect(utcOffsetMin(at("2026-07-01T00:00:00Z"), "Europe/Berlin")).toBe(120);
  expect(utcOffsetMin(at("2026-12-01T00:00:00Z"), "Europe/Berlin")).toBe(60);
  expect(utcOffsetMin(at("2026-12-01T00:00:00.123Z"), "Asia/Kathmandu")).toBe(345);
});
