/** `npm start`: serves the stack with hot reload until Ctrl-C. */
import { parseArgs } from "node:util";
import { PortInUse } from "./ports.ts";
import { type Stack, startStack } from "./stack.ts";

const USAGE = "npm start -- [--port 8787] [--postgres-port 5488] [--model-port 8788] [--state <folder>]";

async function main(): Promise<void> {
  const options = readOptions();
  const asked = stopAsked();
  console.log("Starting Postgres, the model and the Worker …");
  const starting = startStack({ worker: "source", onLine: (line) => console.log(line), ...options });
  const stack = await Promise.race([starting, asked]);
  // What had started ends with this process.
  if (!stack) process.exit(0);
  console.log(welcome(stack));
  const endedByItself = await Promise.race([stack.worker.ended.then(() => true), asked.then(() => false)]);
  console.log("\nStopping …");
  await stack.close();
  if (endedByItself) throw new Error("The Worker ended by itself; its last lines, above, should say why.");
  process.exit(0);
}

/** Settles with Ctrl-C, a closed terminal, a polite request to end, or when nobody reads what is said, as after `| head`. */
function stopAsked(): Promise<null> {
  return new Promise((resolve) => {
    process.stdout.on("error", () => resolve(null));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(null));
  });
}

function readOptions(): { ports: { api: number; postgres: number; model: number }; stateDir?: string } {
  const values = parseOptions();
  return {
    ports: {
      api: portNumber(values.port),
      postgres: portNumber(values["postgres-port"]),
      model: portNumber(values["model-port"]),
    },
    ...(values.state ? { stateDir: values.state } : {}),
  };
}

function parseOptions() {
  try {
    const options = {
      port: { type: "string", default: "8787" },
      "postgres-port": { type: "string", default: "5488" },
      "model-port": { type: "string", default: "8788" },
      state: { type: "string" },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}. Usage: ${USAGE}`);
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${text} is not a port. Usage: ${USAGE}`);
  return port;
}

function welcome({ apiUrl, postgres, modelName }: Stack): string {
  return `
Adjutant serves.
  API        ${apiUrl}/api/v1/health
  Reference  ${apiUrl}/docs
  Model      ${modelName}
  Postgres   ${postgres.urls.admin} (through Neon's driver, at ${postgres.fetchEndpoint})

Next, in another terminal:
  Register:         curl -s ${apiUrl}/api/v1/auth/register -H 'content-type: application/json' \\
                      -d '{"email": "you@example.com", "password": "a long password of yours"}'
  Serve a device:   node device/node/bin.mjs --url ${apiUrl} --email you@example.com
  See it all work:  npm run demo
A change under src/ or durable-objects/ is served at once. Ctrl-C stops everything.
`;
}

await main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  console.error(error instanceof PortInUse ? `${text}\nUsage: ${USAGE}` : text);
  process.exit(1);
});
