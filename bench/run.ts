/**
 * `npm run bench [-- figure…]`: every figure as a ratio to a floor measured in the same run. Prints a table and writes
 * `bench/results.json`.
 */
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { measureBarriers } from "./figures/barriers.ts";
import { measureBundle } from "./figures/bundle.ts";
import { measureCalls } from "./figures/calls.ts";
import { measureFirstWord } from "./figures/first-word.ts";
import { measureIdle, USERS } from "./figures/idle.ts";
import { measureMemorySearch } from "./figures/memory-search.ts";
import { measureRoundTrips } from "./figures/round-trips.ts";
import { measureStartUp } from "./figures/start-up.ts";
import { measureTurns } from "./figures/turns.ts";
import { judge, type Row, table } from "./lib/report.ts";
import { type Systems, startSystems } from "./lib/systems.ts";

const FIGURES: Readonly<Record<string, (systems: Systems) => Promise<Row[]>>> = {
  turns: measureTurns,
  "first-word": measureFirstWord,
  calls: measureCalls,
  barriers: measureBarriers,
  "round-trips": measureRoundTrips,
  "memory-search": measureMemorySearch,
  bundle: measureBundle,
  "start-up": measureStartUp,
  idle: measureIdle,
};

const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : Object.keys(FIGURES);
const unknown = names.find((name) => !FIGURES[name]);
if (unknown) {
  console.error(`There is no figure "${unknown}". There are: ${Object.keys(FIGURES).join(", ")}.`);
  process.exit(2);
}

console.log("Building and starting the product, the floor and a model without delay …");
const systems = await startSystems(USERS);
const rows = [];
try {
  for (const name of names) {
    console.log(`Measuring ${name} …`);
    rows.push(...(await FIGURES[name]!(systems)).map(judge));
  }
} finally {
  await systems.close();
}
console.log(`\n${table(rows)}\n`);
const results = { at: new Date().toISOString(), cores: cpus().length, node: process.version, rows };
await writeFile(join(import.meta.dirname, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);
