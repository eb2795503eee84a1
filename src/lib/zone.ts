/** Local time of a place, by Intl alone: days, texts and readings that follow daylight saving. Times are Unix ms. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A client may write one name in thousands of ways, and each formatter takes about 50 KB outside of the heap. */
const FORMATTERS_MAX = 100;

/** Clocks change on the quarter of an hour, so an offset is asked for once in each. */
const QUARTER_MS = 15 * MINUTE_MS;
/** Of one zone; a device may send any times. */
const OFFSETS_MAX = 1_000;

const formatters = new Map<string, Intl.DateTimeFormat>();
/** Milliseconds ahead of UTC by quarter, for each zone. */
const offsets = new Map<Intl.DateTimeFormat, Map<number, number>>();

/** The zone by this IANA name, or `UTC` when the runtime knows none: a client's clock must not break a turn. */
export function zoneOrUtc(name: string): string {
  return formatterOf(name) ? name : "UTC";
}

export function isZone(name: string): boolean {
  return formatterOf(name) !== null;
}

/** Minutes that local time is ahead of UTC at `ms`. Fractional where a zone once kept seconds. */
export function utcOffsetMin(ms: number, zone: string): number {
  return (wallClockMs(ms, zone) - Math.floor(ms / 1000) * 1000) / MINUTE_MS;
}

/** Up to here, and as far before 1970, a year has four digits: from 6 to 3934. */
export const LOCAL_TEXT_MS_MAX = 62_000_000_000_000;

/** Date and time at `ms`, as `2026-11-21 09:00`. Not for times beyond `LOCAL_TEXT_MS_MAX`. */
export function localText(ms: number, zone: string): string {
  return new Date(wallClockMs(ms, zone)).toISOString().slice(0, 16).replace("T", " ");
}

export interface LocalDay {
  /** As `2026-11-21`. */
  date: string;
  startMs: number;
  /** The last millisecond of the day. */
  endMs: number;
}

/** The day that holds `ms`: 23 or 25 hours long when the clocks change in it. */
export function localDay(ms: number, zone: string): LocalDay {
  const midnight = Math.floor(wallClockMs(ms, zone) / DAY_MS) * DAY_MS;
  return {
    date: new Date(midnight).toISOString().slice(0, 10),
    startMs: instantOf(midnight, zone),
    endMs: instantOf(midnight + DAY_MS, zone) - 1,
  };
}

const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads an ISO date or date-time; null when it is none or names no real day. Without an offset it is local to `zone`, a date
 * alone is its midnight. A time that the clocks skip moves on by the gap; one that comes twice is the first.
 */
export function parseIsoTime(text: string, zone: string): number | null {
  const match = ISO_TIME.exec(text.trim());
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const wallMs = Date.UTC(
    year,
    month - 1,
    day,
    hour,
    minute,
    second,
    Number((match[7] ?? "").padEnd(3, "0")),
  );
  const isReal = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month >= 1 && month <= 12;
  if (!isReal || hour > 23 || minute > 59 || second > 59) return null;
  const offset = match[8];
  return offset === undefined ? instantOf(wallMs, zone) : wallMs - offsetMs(offset);
}

function offsetMs(offset: string): number {
  if (offset.toUpperCase() === "Z") return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith("-") ? -minutes : minutes) * MINUTE_MS;
}

/** The instant at which the zone's clocks show this wall time, the latter given as if it were UTC. */
function instantOf(wallMs: number, zone: string): number {
  const before = wallMs - utcOffsetMin(wallMs - DAY_MS, zone) * MINUTE_MS;
  if (wallClockMs(before, zone) === floorToSecond(wallMs)) return before;
  const after = wallMs - utcOffsetMin(wallMs + DAY_MS, zone) * MINUTE_MS;
  // Neither offset fits a time the clocks skip: the offset before the change carries it over the gap.
  return wallClockMs(after, zone) === floorToSecond(wallMs) ? after : before;
}

/** What the zone's clocks show at `ms`, to the second, as if it were UTC. */
function wallClockMs(ms: number, zone: string): number {
  const formatter = formatterOf(zone);
  if (!formatter) return floorToSecond(ms);
  const offset = offsetInQuarter(formatter, Math.floor(ms / QUARTER_MS));
  return offset === null ? formattedMs(formatter, ms) : floorToSecond(ms) + offset;
}

/** Null for a quarter in which the clocks change: some did, long ago, in the middle of one. */
function offsetInQuarter(formatter: Intl.DateTimeFormat, quarter: number): number | null {
  let known = offsets.get(formatter);
  if (!known || known.size >= OFFSETS_MAX) {
    known = new Map();
    offsets.set(formatter, known);
  }
  let offset = known.get(quarter);
  if (offset === undefined) {
    const startMs = quarter * QUARTER_MS;
    const lastMs = startMs + QUARTER_MS - 1000;
    offset = formattedMs(formatter, startMs) - startMs;
    if (formattedMs(formatter, lastMs) - lastMs !== offset) return null;
    known.set(quarter, offset);
  }
  return offset;
}

function formattedMs(formatter: Intl.DateTimeFormat, ms: number): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatter.formatToParts(ms)) part[type] = Number(value);
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second);
}

function floorToSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function formatterOf(zone: string): Intl.DateTimeFormat | null {
  const known = formatters.get(zone);
  if (known) return known;
  try {
    const formatter = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    if (formatters.size >= FORMATTERS_MAX) {
      formatters.clear();
      offsets.clear();
    }
    formatters.set(zone, formatter);
    return formatter;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
