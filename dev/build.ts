/** `npm run build`: what a deploy would upload, both scripts for both environments, into `dist`. */
import { buildScripts } from "./built-worker.ts";

for (const [environment, folder] of [
  ["", "dist/development"],
  ["production", "dist/production"],
] as const) {
  const { main, ingest } = await buildScripts(folder, environment);
  console.log(main);
  console.log(ingest);
}
