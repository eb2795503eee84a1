/** Dates in plain English, as ISO days counted from a given today. */

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const MONTH = MONTHS.map((month) => `${month.slice(0, 3)}(?:${month.slice(3)})?`).join("|");
const WEEKDAY = WEEKDAYS.join("|");
const DAY_MS = 86_400_000;

const FORMS: readonly string[] = [
  "\\d{4}-\\d{2}-\\d{2}",
  "the day after tomorrow",
  "today|tonight|tomorrow",
  "in (?:a|one|two|three|\\d+) (?:days?|weeks?)",
  "next week",
  `(?:next |this |coming )?(?:${WEEKDAY})`,
  `\\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${MONTH})(?:,? \\d{4})?`,
  `(?:${MONTH}) \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?`,
];
const TIME = "(?:,? at (\\d{1,2})(?::(\\d{2}))? ?(am|pm)?)?";
const DATE = new RegExp(
  `(?:\\b(?:that is |which is )?(?:due|by|until|before|on|for|to|at)\\b(?: date)?[: ]*(?:on |by )?)?\\b(${FORMS.join("|")})\\b${TIME}`,
  "i",
);

export interface FoundDate {
  /** As `2026-11-21` or, with a time of day, `2026-11-21T09:00`. */
  iso: string;
  /** The words it was read from, with their preposition. */
  words: string;
}

export function findDate(text: string, today: string): FoundDate | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [words, phrase = "", hour, minute, half] = match;
  const day = dayOf(phrase.toLowerCase(), today);
  if (day === undefined) return undefined;
  if (hour === undefined || Number(hour) > 23) return { iso: day, words };
  const shift = half?.toLowerCase() === "pm" && Number(hour) < 12 ? 12 : 0;
  return { iso: `${day}T${String(Number(hour) + shift).padStart(2, "0")}:${minute ?? "00"}`, words };
}

export interface DayRange {
  from?: string;
  to?: string;
  /** As it reads in an answer: "due tomorrow". */
  label: string;
}

/** A span of days that a list is asked for. */
export function findRange(text: string, today: string): DayRange | undefined {
  if (/\b(overdue|past due|late)\b/i.test(text)) return { to: addDays(today, -1), label: "overdue" };
  const start = startOfWeek(today);
  if (/\bthis week\b/i.test(text)) return { from: start, to: addDays(start, 6), label: "this week" };
  if (/\bnext week\b/i.test(text))
    return { from: addDays(start, 7), to: addDays(start, 13), label: "next week" };
  const days = /\b(?:next|coming) (\d+) days\b/i.exec(text)?.[1];
  if (days) return { from: today, to: addDays(today, Number(days)), label: `in the next ${days} days` };
  const date = findDate(text, today);
  if (!date) return undefined;
  const day = date.iso.slice(0, 10);
  const label = { [today]: "today", [addDays(today, 1)]: "tomorrow" }[day] ?? `on ${day}`;
  return { from: day, to: day, label };
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Weeks begin on Monday. */
function startOfWeek(day: string): string {
  return addDays(day, -((weekdayOf(day) + 6) % 7));
}

function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

function dayOf(phrase: string, today: string): string | undefined {
  if (/^\d{4}-/.test(phrase)) return phrase;
  if (phrase === "today" || phrase === "tonight") return today;
  if (phrase === "tomorrow") return addDays(today, 1);
  if (phrase.endsWith("after tomorrow")) return addDays(today, 2);
  if (phrase === "next week") return addDays(startOfWeek(today), 7);
  const span = /^in (\w+) (day|week)/.exec(phrase);
  if (span) return addDays(today, numberOf(span[1]!) * (span[2] === "week" ? 7 : 1));
  const weekday = WEEKDAYS.indexOf(phrase.split(" ").at(-1)!);
  if (weekday !== -1) {
    const ahead = (weekday - weekdayOf(today) + 7) % 7 || 7;
    return addDays(today, ahead);
  }
  return monthDay(phrase, today);
}

/** "1 December", "Dec 1st, 2026"; without a year the next such day. */
function monthDay(phrase: string, today: string): string | undefined {
  const month = MONTHS.findIndex((name) => phrase.includes(name.slice(0, 3)));
  const day = Number(/\b(\d{1,2})(?!\d)/.exec(phrase)?.[1]);
  if (month === -1 || !(day >= 1 && day <= 31)) return undefined;
  const year = Number(/\b(\d{4})\b/.exec(phrase)?.[1] ?? today.slice(0, 4));
  const text = `${year}-${String(month + 1).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  if (/\d{4}/.test(phrase) || text >= today) return text;
  return `${year + 1}${text.slice(4)}`;
}

function numberOf(word: string): number {
  return { a: 1, one: 1, two: 2, three: 3 }[word] ?? Number(word);
}
