/** Fires the Worker's crons: the local runtime knows them and never does. */
import { z } from "zod";
import { WRANGLER_CONFIG } from "./project.ts";

const FIELD_COUNT = 5;

/** Whether the minute of `date` (UTC, as on the platform) is one that a five-field expression names. */
export function cronMatches(expression: string, date: Date): boolean {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== FIELD_COUNT)
    throw new Error(`${expression} is not a cron expression of five fields.`);
  const values = [
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth() + 1,
    date.getUTCDay(),
  ];
  return fields.every((field, index) => field.split(",").some((part) => partMatches(part, values[index]!)));
}

/** A field's part is a star, a number or a range, with an optional step. */
function partMatches(part: string, value: number): boolean {
  const match = /^(?:\*|(?<first>\d+)(?:-(?<last>\d+))?)(?:\/(?<step>\d+))?$/.exec(part);
  if (!match?.groups) throw new Error(`${part} is not part of a cron expression that the local stack knows.`);
  const { first = "0", last, step } = match.groups;
  const start = Number(first);
  const isSingle = match.groups["first"] !== undefined && last === undefined && step === undefined;
  const end = isSingle ? start : last === undefined ? Number.POSITIVE_INFINITY : Number(last);
  return value >= start && value <= end && (value - start) % Number(step ?? 1) === 0;
}

/** Asks the Worker at `url` to run one cron now; throws when it failed. */
export async function runCron(url: string, cron: string): Promise<void> {
  const response = await fetch(`${url}/cdn-cgi/local/scheduled?cron=${encodeURIComponent(cron)}&format=json`);
  const answer = await response.text();
  if (!response.ok) throw new Error(`The cron ${cron} was refused with status ${response.status}: ${answer}`);
}

/** Runs each cron of wrangler.toml in its minutes, until `stop` is called. */
export function startCronTicker(url: string, onFailure: (error: unknown) => void): { stop(): void } {
  const timer = setInterval(() => {
    tick(url, new Date()).catch(onFailure);
  }, 60_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

const Triggers = z.object({ triggers: z.object({ crons: z.array(z.string()) }) });

async function tick(url: string, now: Date): Promise<void> {
  // Only now: wrangler takes a second to load, which the start of the stack need not wait for.
  const { unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: WRANGLER_CONFIG, env: "" }, { hideWarnings: true });
  for (const cron of Triggers.parse(config).triggers.crons) {
    if (cronMatches(cron, now)) await runCron(url, cron);
  }
}
