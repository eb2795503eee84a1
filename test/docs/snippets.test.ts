/** The code in the docs, run as it stands there against a stack, with only the address changed. */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Stack, startStack } from "../../dev/stack.ts";
import { Session, type Tokens } from "../../device/index.ts";
import { Settings } from "../../src/platform/env-settings.ts";

const ROOT = join(import.meta.dirname, "../..");
const ADDRESS = "http://127.0.0.1:8787";
const ACCOUNT = { email: "you@example.com", password: "a long password of yours" };
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "snippets-"));
  stack = await startStack({ worker: "built", stateDir: join(folder, "state"), standInOnly: true });
  await Session.login({ url: stack.apiUrl, ...ACCOUNT, register: true });
  // It bundles all scripts.
}, 240_000);
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});

it("the quickstart's app creates a task on its own SQLite file, and completes it", async () => {
  const output = await runProgram("docs/quickstart.md", "device");
  expect(output).toMatch(/^insert tasks \d+\.\d ms$/m);
  expect(output).toContain("I created the task “Water the plants”");
  expect(output).toContain("done [");
  expect(output).toContain("“Water the plants” is done now.");
});

it("the guide's store in memory takes a task", async () => {
  const output = await runProgram("docs/guides/device.md", "store");
  expect(output).toContain("I created the task “Book the train”");
  expect(output).toContain("title: 'Book the train'");
});

it("the README's app asks and is answered from its own rows", async () => {
  const output = await runProgram("README.md", "device");
  expect(output).toContain("I created the task “Call the printer”");
  expect(output).toContain("action: 'insert'");
});

it.skipIf(!hasCurl).each(["docs/quickstart.md", "README.md"])(
  "the REST calls of %s are answered",
  async (page) => {
    const { stdout } = await promisify(execFile)("sh", ["-c", await snippet(page, "rest")], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ status: "done", mutations: [] });
  },
);

it.skipIf(!hasCurl)("the guide's agent makes rows of a text", async () => {
  const code = await snippet("docs/guides/custom-agents.md", "rest");
  const { stdout } = await promisify(execFile)("sh", ["-c", code], { cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({
    status: "done",
    output: [
      { thing: expect.stringContaining("Bread"), price: 4.2 },
      { thing: expect.stringContaining("cheese"), price: 7 },
    ],
  });
});

it.skipIf(!hasCurl)("the guide's other kinds of agents compute, cite and choose", async () => {
  const page = "docs/guides/custom-agents.md";
  const code = `${await snippet(page, "rest")}\necho\n${await snippet(page, "kinds")}`;
  const { stdout } = await promisify(execFile)("sh", ["-c", code], { cwd: folder });
  expect(stdout.trim().split("\n").slice(1)).toEqual([
    "That is 93.",
    "There are 28 days of leave a year.",
    "rag",
  ]);
});

it.skipIf(!hasCurl)("the guide's document is read and found", async () => {
  const code = await snippet("docs/guides/knowledge.md", "rest");
  const { stdout } = await promisify(execFile)("sh", ["-c", code], { cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({
    data: [{ document: { title: "Leave" }, text: expect.stringContaining("28 days") }],
  });
});

it("the keys that the deployment guide makes are taken as settings", async () => {
  const { stdout } = await promisify(execFile)("sh", ["-c", await snippet("docs/deploy.md", "keys")]);
  const keys = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(/ (.*)/));
  const settings = Settings.pick({ MASTER_KEYS: true, JWT_KEYS: true, AUTH_SECRET: true });
  expect(settings.safeParse(Object.fromEntries(keys)).error).toBeUndefined();
});

it("the hub answers a client's close, so that a program that is done can end", async () => {
  const { accessToken } = await signIn();
  const address = `${stack.apiUrl.replace("http", "ws")}/api/v1/ws/device`;
  const socket = new WebSocket(address, ["adjutant.v3", `bearer.${accessToken}`]);
  await once(socket, "open");
  const closed = once(socket, "close");
  socket.close(1000, "done");
  expect(await closed).toMatchObject([{ code: 1000, wasClean: true }]);
});

async function signIn(): Promise<Tokens> {
  const signedIn = Promise.withResolvers<Tokens>();
  await Session.login({ url: stack.apiUrl, ...ACCOUNT, onTokens: signedIn.resolve });
  return signedIn.promise;
}

async function runProgram(page: string, name: string): Promise<string> {
  const source = (await snippet(page, name)).replaceAll('"./device/', `"${ROOT}/device/`);
  const path = join(folder, `${page.replace(/\W/g, "-")}.ts`);
  await writeFile(path, source);
  const { stdout } = await promisify(execFile)(process.execPath, [path], { cwd: folder });
  return stdout;
}

/** The block after `<!-- test: name -->`. */
async function snippet(page: string, name: string): Promise<string> {
  const text = await readFile(join(ROOT, page), "utf8");
  const [, after = ""] = text.split(`<!-- test: ${name} -->\n`);
  const code = /^```\w+\n([\s\S]*?)^```$/m.exec(after)?.[1];
  if (code === undefined) throw new Error(`${page} has no snippet ${name}.`);
  return code.replaceAll(ADDRESS, stack.apiUrl);
}
