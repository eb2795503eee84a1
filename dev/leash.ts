/**
 * `node dev/leash.ts <command> …`: leads a process group in which the command runs, and ends the group when the process
 * that started it asks, ends or crashes. The channel to that process is what tells: it closes in every case.
 */
import { spawn } from "node:child_process";

/** Above what `wrangler dev` needs to close its runtime. */
const STOP_GRACE_MS = 5000;

const [command, ...commandArguments] = process.argv.slice(2);
if (!command || !process.connected) {
  console.error("dev/leash.ts is started by dev/processes.ts with the command to run.");
  process.exit(2);
}

const child = spawn(command, commandArguments, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(`${command} cannot be started: ${error.message}`);
  process.exit(127);
});
// Whatever the command left behind goes with it.
child.on("exit", (code) => (stopping ? endGroup() : process.exit(code ?? 1)));
process.on("exit", endGroup);
process.on("SIGTERM", stop);
process.on("disconnect", stop);

let stopping = false;

function stop(): void {
  if (stopping) return;
  stopping = true;
  child.kill("SIGTERM");
  setTimeout(endGroup, STOP_GRACE_MS);
}

/** Includes this process: nothing runs after it. */
function endGroup(): void {
  process.kill(-process.pid, "SIGKILL");
}
