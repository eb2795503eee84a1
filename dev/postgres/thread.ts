/** The local PostgreSQL in a thread of its own: a long query holds up nobody else's event loop. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type LocalPostgres, type PostgresOptions, startPostgres } from "./server.ts";

type Message = { ready: Omit<LocalPostgres, "close"> } | { failed: string };

/** As `startPostgres`. Ends with the process. */
export function startPostgresThread(options: PostgresOptions = {}): Promise<LocalPostgres> {
  const thread = new Worker(import.meta.filename, { workerData: options });
  return new Promise((resolve, reject) => {
    thread.once("error", reject);
    thread.on("message", (message: Message) => {
      if ("failed" in message) reject(new Error(message.failed));
      if ("ready" in message) resolve({ ...message.ready, close: () => closeThread(thread) });
    });
  });
}

async function closeThread(thread: Worker): Promise<void> {
  const ended = new Promise((resolve) => thread.once("exit", resolve));
  thread.postMessage("close");
  await ended;
}

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  try {
    const { close, ...ready } = await startPostgres(workerData);
    port.postMessage({ ready } satisfies Message);
    port.once("message", () => {
      void close().then(() => port.close());
    });
  } catch (error) {
    port.postMessage({ failed: error instanceof Error ? error.message : String(error) } satisfies Message);
    port.close();
  }
}

if (!isMainThread && import.meta.main && parentPort) await serve(parentPort);
