/** `npm run demo`: the whole system on this machine, in a conversation whose every answer is compared with the rows. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { converse } from "./demo/converse.ts";
import { playScript } from "./demo/play.ts";
import { type Cleanups, type Stage, setStage } from "./demo/stage.ts";
import { paint, say, wrap } from "./demo/terminal.ts";

const USAGE = `npm run demo                      a conversation by script; ends by itself
npm run demo -- --interactive     you ask
npm run demo -- --keep            leaves the SQLite file and the server's state behind, and says where`;

const INTERRUPTED = 130;
const COMPLAINTS_SHOWN = 5;

async function main(): Promise<number> {
  const { interactive, keep, help } = readOptions();
  if (help) {
    say(USAGE);
    return 0;
  }
  const cleanups: Cleanups = [];
  const stopping = new AbortController();
  const interrupted = once(stopping.signal, "abort").then(() => (interactive ? 0 : INTERRUPTED));
  const stop = () => {
    say("\nStopping …");
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  // Whoever reads the output may stop reading, as `head` does.
  process.stdout.on("error", () => stopping.abort());
  try {
    return await Promise.race([
      perform(cleanups, { interactive, keep, stop, signal: stopping.signal }),
      interrupted,
    ]);
  } finally {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
      await cleanup().catch((cause: unknown) => console.error("While cleaning up:", cause));
    }
  }
}

interface Performance {
  interactive: boolean;
  keep: boolean;
  stop: () => void;
  signal: AbortSignal;
}

async function perform(
  cleanups: Cleanups,
  { interactive, keep, stop, signal }: Performance,
): Promise<number> {
  const startedAt = performance.now();
  say(
    `${paint.strong("Adjutant")}: the model thinks at the edge, the rows stay in the person's own SQLite file.\n`,
  );
  const stage = await setStage(cleanups, { keep, signal });
  say();
  for (const line of wrap(stage.modelLine, "  ")) say(line);
  const differences = await withComplaints(stage, async () => {
    if (!interactive) return playScript(stage);
    await converse(stage, stop);
    return [];
  });
  if (keep) say(`\nKept: ${stage.home}`);
  if (interactive) return 0;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (differences.length === 0) {
    say(`\n${paint.good("Every answer agrees with the rows.")} ${paint.quiet(`${seconds} s`)}`);
    return 0;
  }
  say(
    `\n${paint.bad("Answers and rows differ:")}\n${differences.map((difference) => `  ${difference}`).join("\n")}`,
  );
  return 1;
}

/** Shows what the Worker complained of when the conversation breaks off. */
async function withComplaints<Value>(stage: Stage, run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (cause) {
    for (const line of stage.complaints().slice(-COMPLAINTS_SHOWN)) console.error(paint.quiet(line));
    throw cause;
  }
}

function readOptions(): { interactive: boolean; keep: boolean; help: boolean } {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({ options: { interactive: flag, keep: flag, help: { ...flag, short: "h" } } }).values;
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}`);
  }
}

const code = await main().catch((cause: unknown) => {
  console.error(`\nThe demo failed: ${cause instanceof Error ? cause.message : String(cause)}`);
  return 1;
});
process.exit(code);
