import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCron } from "../../dev/cron.ts";
import { listen } from "../../dev/ports.ts";
import { type Stack, type StackOptions, startStack } from "../../dev/stack.ts";

const PASSWORD = "correct horse battery staple";
let stateDir: string;
let lines: string[];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "stack-"));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

describe("the stack with the built Worker", () => {
  let stack: Stack;

  beforeAll(async () => {
    lines = [];
    stack = await start();
  });
  afterAll(() => stack.close());

  it("serves the API with every part in order", async () => {
    const response = await fetch(`${stack.apiUrl}/api/v1/health/service_health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ok" });
  });

  it("passes on what the Worker logs", async () => {
    await fetch(`${stack.apiUrl}/api/v1/health`);
    await expect.poll(() => lines.some((line) => line.includes('"event":"request.ended"'))).toBe(true);
  });

  it("runs a cron when asked, and refuses one that is not known", async () => {
    await runCron(stack.apiUrl, "*/5 * * * *");
    await expect.poll(() => lines.some((line) => line.includes("due_rows.erased"))).toBe(true);
  });

  it("keeps its people when the Worker is killed and started again", async () => {
    expect(await signIn("register", "killed@example.com")).toBe(201);
    await stack.worker.kill();
    await expect(fetch(`${stack.apiUrl}/api/v1/health`)).rejects.toThrow();
    await stack.worker.start();
    expect(await signIn("login", "killed@example.com")).toBe(200);
  });

  it("refuses a second stack on the same state, and says whose it is", async () => {
    await expect(start()).rejects.toThrow(`Process ${process.pid} already runs a stack on ${stateDir}`);
    expect((await fetch(`${stack.apiUrl}/api/v1/health`)).status).toBe(200);
  });

  async function signIn(verb: "register" | "login", email: string): Promise<number> {
    const response = await fetch(`${stack.apiUrl}/api/v1/auth/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    return response.status;
  }
});

describe("a stack that cannot start", () => {
  it("names the port that is in use, and stops what had started", async () => {
    const other = createServer();
    const port = await listen(other, 0, "a test");
    await expect(start({ ports: { api: port } })).rejects.toThrow(
      `Port ${port}, wanted for the API, is in use.`,
    );
    await expect(start({ ports: { postgres: port } })).rejects.toThrow(
      `Port ${port}, wanted for the local Postgres`,
    );
    await new Promise((resolve) => other.close(resolve));
  });
});

function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  return startStack({
    worker: "built",
    stateDir,
    standInOnly: true,
    onLine: (line) => lines.push(line),
    ...options,
  });
}
