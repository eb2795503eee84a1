/** Calendars and address cards (RFC 5545 and 6350): their lines are cut after 75 bytes, in the middle of words. */
import type { DocumentBuilder } from "./builder.ts";

const START = /^\ufeff?\s*BEGIN:V(?:CALENDAR|CARD)[ \t]*\r?\n/i;
const LINE = /[^\n]+/g;
/** A file in the text itself: nothing that can be read or searched. */
const EMBEDDED = /^([^:]{1,300}:)(?:data:[^,]{0,100},)?[A-Za-z0-9+/=]{200,}$/;

export function isCalendar(source: string): boolean {
  return START.test(source);
}

/** Each entry is a block. */
export function readCalendar(source: string, builder: DocumentBuilder): void {
  const whole = source.replace(/\r\n?/g, "\n").replace(/\n[ \t]/g, "");
  let lines: string[] = [];
  let depth = 0;
  const flush = () => {
    builder.add("paragraph", lines.join("\n"));
    lines = [];
  };
  for (const { 0: line } of whole.matchAll(LINE)) {
    if (/^BEGIN:/i.test(line) && depth++ === 1) flush();
    lines.push(unescaped(line));
    if (/^END:/i.test(line) && --depth === 1) flush();
    if (builder.isFull) break;
  }
  flush();
}

function unescaped(line: string): string {
  return line
    .replace(EMBEDDED, "$1…")
    .replace(/\\([\\;,n])/gi, (_, mark: string) => (mark.toLowerCase() === "n" ? "\n" : mark));
}
