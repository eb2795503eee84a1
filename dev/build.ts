/** `npm run build`: what a deploy would upload, all scripts for both environments, into `dist`. */
import { buildScripts } from "./built-worker.ts";

for (const [environment, folder] of [
  ["", "dist/development"],
  ["production", "dist/production"],
] as const) {
  for (const script of Object.values(await buildScripts(folder, environment))) console.log(script);
}
