/** The same generated cases at each run, so that a change is judged by what it changed; `npm run test:long` draws others. */
import fc from "fast-check";

const SEED = 20_261_120;

if (process.env["ADJUTANT_LONG"] === undefined) fc.configureGlobal({ seed: SEED });
