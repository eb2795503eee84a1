/** `node dev/model/main.ts [--port 8788] [--delta-delay-ms 20]`: the model stand-in as a program. */
import { parseArgs } from "node:util";
import { startModelServer } from "./server.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "8788" }, "delta-delay-ms": { type: "string", default: "0" } },
});

const port = Number(values.port);
const deltaDelayMs = Number(values["delta-delay-ms"]);
if (!Number.isInteger(port) || port < 0 || port > 65_535 || !(deltaDelayMs >= 0)) {
  console.error("--port takes a port number and --delta-delay-ms a number of milliseconds.");
  process.exit(2);
}

try {
  const server = await startModelServer({ port, deltaDelayMs });
  console.log(`The model stand-in listens on ${server.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
} catch (error) {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  console.error(isTaken ? `Port ${port} is in use: choose another with --port.` : error);
  process.exit(1);
}
