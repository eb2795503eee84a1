#!/usr/bin/env node
// Runs on any Node: where it is too old for TypeScript and SQLite, the project's own Node takes over.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  const warn = process.emitWarning.bind(process);
  // That SQLite is young in Node is nothing the person can act on.
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes("SQLite is an experimental feature")) warn(warning, ...rest);
  };
  const { main } = await import("./main.ts");
  process.exit(await main(process.argv.slice(2)));
}

const ownNode = findOwnNode();
if (ownNode === undefined) {
  console.error(`adjutant-device needs Node 22.18 or newer; this is ${process.version}.`);
  process.exit(1);
}
const child = spawn(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// This process only waits for the other to end in order. A terminal sends Ctrl-C to both, anything else to this one.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));

function findOwnNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"));
    return [join(folder, "bin", "node"), join(folder, "bin", "node.exe")].find((path) => existsSync(path));
  } catch {
    return undefined;
  }
}
