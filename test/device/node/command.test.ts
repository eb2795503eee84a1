import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readArguments } from "../../../device/node/arguments.ts";
import { CredentialsFile } from "../../../device/node/credentials.ts";
import { ScriptedHub } from "../../conformance/device-hub.ts";

const BIN = join(import.meta.dirname, "../../../device/node/bin.mjs");

let folder: string;
let hub: ScriptedHub;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "adjutant-command-"));
  hub = await ScriptedHub.start();
});

afterEach(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true });
});

const given = () => {
  const read = readArguments(["--url", "https://svc", "--email", "A@b.c", "--state", folder]);
  if (read === null) throw new Error("no arguments");
  return read;
};

describe("the arguments", () => {
  it.each([
    ["--url is missing", ["--email", "a@b.c"]],
    ["--url is no address", ["--url", "svc", "--email", "a@b.c"]],
    ["--url is not http", ["--url", "ftp://svc", "--email", "a@b.c"]],
    ["--url would send a password in the clear", ["--url", "http://svc", "--email", "a@b.c"]],
    ["--url only looks like this machine", ["--url", "http://127.0.0.1.svc", "--email", "a@b.c"]],
    ["an option is unknown", ["--url", "https://svc", "--email", "a@b.c", "--loud"]],
    ["something is left over", ["--url", "https://svc", "--email", "a@b.c", "serve"]],
  ])("are refused in a sentence when %s", (_what, argv) => {
    expect(() => readArguments(argv)).toThrow(/--url|--loud|serve/);
  });

  it("are read with their defaults", () => {
    expect(given()).toMatchObject({
      url: "https://svc",
      email: "a@b.c",
      database: "adjutant.sqlite",
      viewer: false,
    });
    expect(readArguments(["--help"])).toBeNull();
  });
});

describe("the sign-in file", () => {
  it("is for its owner only, and keeps device and token over runs", () => {
    const file = new CredentialsFile(given());
    file.keep("first");
    file.keep("second");
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    const again = new CredentialsFile(given());
    expect(again.refreshToken).toBe("second");
    expect(again.deviceId).toBe(file.deviceId);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("that others can read is refused, with what to do", () => {
    const file = new CredentialsFile(given());
    file.keep("token");
    chmodSync(file.path, 0o640);
    expect(() => new CredentialsFile(given())).toThrow(`chmod 600 ${file.path}`);
  });

  it("that is damaged is refused, with what to do", () => {
    const file = new CredentialsFile(given());
    file.keep("token");
    writeFileSync(file.path, "{");
    expect(() => new CredentialsFile(given())).toThrow("Delete it");
  });

  it("is another one for another database and for a viewer", () => {
    const paths = [given(), { ...given(), database: "b.sqlite" }, { ...given(), viewer: true }].map(
      (each) => new CredentialsFile(each).path,
    );
    expect(new Set(paths).size).toBe(3);
  });
});

describe("adjutant-device", () => {
  function run(args: string[], password?: string) {
    const env = { ...process.env, ...(password === undefined ? {} : { ADJUTANT_PASSWORD: password }) };
    if (password === undefined) delete env["ADJUTANT_PASSWORD"];
    const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
    const exit = new Promise<number | null>((resolve) => child.on("exit", resolve));
    return { child, exit, output: () => output };
  }

  const options = () => [
    "--url",
    hub.url,
    "--email",
    "a@b.c",
    "--state",
    folder,
    "--database",
    join(folder, "d.sqlite"),
  ];

  it("signs in, serves calls with their timing, and ends on Ctrl-C; the next run needs no password", async () => {
    const first = run(options(), "secret");
    const device = await hub.device();
    await device.call({ action: "insert", table: "tasks", data: { title: "t" } });
    await expect.poll(first.output, { timeout: 10_000 }).toMatch(/insert tasks, \d+\.\d ms/);
    first.child.kill("SIGINT");
    expect(await first.exit).toBe(0);
    expect(first.output()).toContain("Stopped.");

    const second = run(options());
    const again = await hub.device();
    expect(again.hello["device_id"]).toBe(device.hello["device_id"]);
    expect(await again.call({ action: "select", table: "tasks" })).toMatchObject({ rows: [{ title: "t" }] });
    second.child.kill("SIGTERM");
    expect(await second.exit).toBe(0);
  });

  it("indexes the notes that it holds for search by meaning", async () => {
    const first = run(options(), "secret");
    await (await hub.device()).call({
      action: "insert",
      table: "notes",
      data: { title: "abc", content: "abc" },
    });
    first.child.kill("SIGINT");
    await first.exit;
    const second = run(options());
    await expect.poll(second.output, { timeout: 10_000 }).toContain("Indexed 1 notes for search.");
    second.child.kill("SIGINT");
    await second.exit;
  });

  it("as a viewer keeps no database and takes no calls", async () => {
    const viewer = run([...options(), "--viewer"], "secret");
    const device = await hub.device();
    expect(device.hello).toMatchObject({ capabilities: { tools: false } });
    expect(device.hello).not.toHaveProperty("store_id");
    expect(await viewer.exit).toBe(0);
    expect(readdirSync(folder).filter((name) => name.includes("sqlite"))).toEqual([]);
  });

  it("without a password or a terminal says what to set", async () => {
    const lost = run(options());
    expect(await lost.exit).toBe(1);
    expect(lost.output()).toContain("set ADJUTANT_PASSWORD");
  });

  it("never writes the password or a token to the terminal, nor the password to the file", async () => {
    const served = run(options(), "hunter2-hunter2");
    await hub.device();
    const name = readdirSync(folder).find((each) => each.endsWith(".json")) ?? "";
    const kept = readFileSync(join(folder, name), "utf8");
    served.child.kill("SIGINT");
    await served.exit;
    expect(kept).not.toContain("hunter2");
    expect(served.output()).not.toContain("hunter2");
    expect(served.output()).not.toContain(JSON.parse(kept).refresh_token);
  });
});
