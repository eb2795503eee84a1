/** `npm start`, in a copy of the project: what it says, serves and reloads, what is left when it ends, and why it may not start. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listen, portFor } from "../../dev/ports.ts";
import { freePorts, NpmStart, type Ports, stillRunning } from "../support/npm-start.ts";
import { copyProject, type ProjectCopy } from "../support/project-copy.ts";
import { until } from "../support/stack-person.ts";

const SHOWN_CHARS = 16;

let project: ProjectCopy;
const started: NpmStart[] = [];

beforeAll(async () => {
  project = await copyProject();
});
afterAll(async () => {
  for (const program of started) {
    program.interrupt();
    await program.exitCode();
  }
  await project.discard();
});

async function start({ ports = {}, options = [] }: { ports?: Partial<Ports>; options?: string[] } = {}) {
  const program = new NpmStart(project.folder, { ...(await freePorts()), ...ports }, options);
  started.push(program);
  return program;
}

async function expectNothingLeft(program: NpmStart, pids: number[]): Promise<void> {
  expect(await program.exitCode(), program.output).toBe(0);
  await until("the end of every process", async () => (await stillRunning(pids)).length === 0);
  for (const port of Object.values(program.ports)) expect(await portFor("a test", port)).toBe(port);
}

test("it serves what it names, serves a change of the source at once, and leaves nothing after Ctrl-C", async () => {
  const program = await start();
  await program.said("Ctrl-C stops everything.");
  const api = `http://127.0.0.1:${program.ports.api}`;
  for (const path of ["/api/v1/health", "/docs"]) {
    expect(program.output).toContain(`${api}${path}`);
    expect((await fetch(api + path)).status).toBe(200);
  }
  expect((await register(program.output)).status).toBe(201);
  expect(program.output).toContain(`node device/node/bin.mjs --url ${api} `);

  const catalogue = join(project.folder, "src/lib/errors.ts");
  const source = await readFile(catalogue, "utf8");
  await writeFile(catalogue, source.replace(/(not_found: .* title: )"[^"]+"/, '$1"Gone fishing"'));
  await until("the changed title", async () => {
    const answer = await fetch(`${api}/api/v1/nowhere`).catch(() => null);
    return (await answer?.text())?.includes("Gone fishing") ?? false;
  });

  const secrets = await readFile(join(project.folder, ".adjutant/state/secrets.json"), "utf8");
  const { AUTH_SECRET: secret } = JSON.parse(secrets) as { AUTH_SECRET: string };
  expect(secret.length).toBeGreaterThan(SHOWN_CHARS);
  // A list of what is bound cuts long values off.
  expect(program.output).not.toContain(secret.slice(0, SHOWN_CHARS));

  const pids = await program.processes();
  expect(pids.length).toBeGreaterThan(3);
  program.interrupt();
  await expectNothingLeft(program, pids);
});

/** Does what the printed `curl` command would. */
function register(output: string): Promise<Response> {
  const [, url = "", header = "", body = ""] =
    output.match(/curl -s (\S+) -H '([^']+)' \\\n\s+-d '([^']+)'/) ?? [];
  return fetch(url, { method: "POST", headers: [header.split(": ")], body });
}

test("Ctrl-C while it starts leaves nothing either", async () => {
  const program = await start();
  let pids: number[] = [];
  await until("the start of the Worker", async () => {
    pids = await program.processes();
    return pids.length > 3;
  });
  program.interrupt();
  await expectNothingLeft(program, pids);
  expect(program.output).not.toContain("Adjutant serves.");
});

test.each(["api", "postgres", "model"] as const)(
  "a port in use for the %s is named, with what to do",
  async (part) => {
    const other = createServer();
    const taken = await listen(other, 0, "a test");
    const program = await start({ ports: { [part]: taken } });
    expect(await program.exitCode()).toBe(1);
    expect(wordsOf(program)).toMatch(
      new RegExp(
        `^Port ${taken}, wanted for [^.]+, is in use\\. Stop what listens there, or choose another port\\.\nUsage: npm start -- `,
      ),
    );
    await new Promise((resolve) => other.close(resolve));
  },
);

test.each([
  ["--port=many", /^many is not a port\. Usage: npm start -- /],
  ["--prot=8787", /^Unknown option '--prot'.*\. Usage: npm start -- /],
])("the option %s is refused with how to use it", async (option, sentence) => {
  const program = await start({ options: [option] });
  expect(await program.exitCode()).toBe(1);
  expect(wordsOf(program)).toMatch(sentence);
});

test("wrong settings are all named in one sentence that says where to correct them", async () => {
  const file = join(project.folder, ".dev.vars");
  await writeFile(file, "MASTER_KEYS=nonsense\nTURN_TOKENS=many\nEMBEDDER=openai\nEMBEDDER_MODEL=any\n");
  const program = await start();
  expect(await program.exitCode()).toBe(1);
  expect(wordsOf(program)).toBe(
    "The settings are wrong: MASTER_KEYS: it is not JSON; TURN_TOKENS: it must be a whole number; " +
      "EMBEDDER_URL: EMBEDDER=openai needs an address. Correct them in the shell or in .dev.vars.",
  );
  await rm(file);
});

/** What it said after that it starts. */
function wordsOf({ output }: NpmStart): string {
  return output.replace(/^Starting .*\n/, "").trim();
}

test("it ends by itself, without complaint, when nobody reads its output any more", async () => {
  const program = await start();
  await program.said("Ctrl-C stops everything.");
  const pids = await program.processes();
  program.stopReading();
  // The next line it says finds nobody, and it may end before it answers.
  await fetch(`http://127.0.0.1:${program.ports.api}/api/v1/health`).catch(() => null);
  await expectNothingLeft(program, pids);
  expect(program.output).not.toContain("EPIPE");
});
