/**
 * Runs a TypeScript entry file on the project's own Node, after installing what is missing. Plain JavaScript without
 * imports from packages: on a fresh clone it is started by whichever Node (20 or newer) is on the PATH.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const ownNode = `${root}node_modules/.bin/node`;

/** Whether every package of the lock file is there in its version; times of files would mislead after a checkout. */
function isInstalled() {
  const installedLock = `${root}node_modules/.package-lock.json`;
  if (!existsSync(ownNode) || !existsSync(installedLock)) return false;
  const wanted = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedLock, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}

if (!isInstalled()) {
  console.log("Installing dependencies (npm ci) …");
  const npm = spawnSync("npm", ["ci"], { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (npm.status !== 0) {
    console.error(
      "`npm ci` failed. Check the connection to the package registry, then run the command again.",
    );
    process.exit(npm.status ?? 1);
  }
}

const [script, ...rest] = process.argv.slice(2);
const child = spawn(ownNode, [script, ...rest], { cwd: root, stdio: "inherit" });
// The terminal sends Ctrl-C to the whole group; a signal meant for this process alone is passed on.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`${ownNode} cannot be started: ${error.message}. Run \`npm ci\` and try again.`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
