/** A local stack of its own for a journey: the built Worker in its process, the model stand-in, everything in one folder. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@neondatabase/serverless";
import type { ModelServer } from "../../dev/model/server.ts";
import { type Stack, type StackOptions, startStack } from "../../dev/stack.ts";

export interface TestStack extends Stack {
  model: ModelServer;
  /** Gone with the stack. */
  folder: string;
}

export async function startTestStack(options: Partial<StackOptions> = {}): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), "journey-"));
  const discard = () => rm(folder, { recursive: true, force: true });
  try {
    const stack = await startStack({
      worker: "built",
      stateDir: join(folder, "state"),
      standInOnly: true,
      ...options,
      // Journeys count what turns ask of the model; learning from them has tests of its own.
      vars: { MEMORY_EXTRACTION: "off", ...options.vars },
    });
    if (!stack.model) throw new Error("the stack has no stand-in");
    const close = () => stack.close().then(discard);
    return { ...stack, model: stack.model, folder, close };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** Row-level security does not bind it. End it before the stack is closed. */
export async function connectAsAdmin({ postgres }: Pick<Stack, "postgres">): Promise<Client> {
  const client = new Client(postgres.urls.admin);
  client.neonConfig.wsProxy = () => postgres.wsProxy;
  client.neonConfig.useSecureWebSocket = false;
  client.neonConfig.pipelineTLS = false;
  client.neonConfig.pipelineConnect = "password";
  await client.connect();
  return client;
}

/** Keeps everybody else's queries waiting until it is released. */
export async function holdDatabase({
  postgres,
}: Pick<Stack, "postgres">): Promise<{ release(): Promise<void> }> {
  const client = await connectAsAdmin({ postgres });
  // The local Postgres serves one transaction at a time.
  await client.query("BEGIN");
  return {
    release: async () => {
      await client.query("ROLLBACK");
      await client.end();
    },
  };
}
