import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { startChild } from "../../dev/processes.ts";

const OWN_NODE = join(import.meta.dirname, "../../node_modules/.bin/node");
/** Writes its process id and stays. */
const STAY = "console.log(process.pid); setInterval(() => {}, 1000)";
/** The same, deaf to polite requests. */
const STAY_STUBBORNLY = `process.on("SIGTERM", () => {}); ${STAY}`;

it("stops a child with everything it started", async () => {
  const nested = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(STAY)}], { stdio: "inherit" });`;
  const pids: number[] = [];
  const both = Promise.withResolvers<void>();
  const child = startChild(OWN_NODE, ["-e", `${nested} ${STAY}`], {
    onLine: (line) => pids.push(Number(line)) === 2 && both.resolve(),
  });
  await both.promise;
  await child.stop();
  expect(await Promise.all(pids.map(isGone))).toEqual([true, true]);
});

it("kills a child at once, though it ignores requests", async () => {
  const said = Promise.withResolvers<number>();
  const child = startChild(OWN_NODE, ["-e", STAY_STUBBORNLY], {
    onLine: (line) => said.resolve(Number(line)),
  });
  const pid = await said.promise;
  await child.kill();
  expect(await isGone(pid)).toBe(true);
});

it.each(["SIGKILL", "SIGTERM"] as const)(
  "leaves no child behind when this process ends by %s",
  async (signal) => {
    const processes = join(import.meta.dirname, "../../dev/processes.ts");
    const parent = spawn(
      OWN_NODE,
      [
        "--input-type=module",
        "-e",
        `import { startChild } from ${JSON.stringify(processes)};
       startChild(${JSON.stringify(OWN_NODE)}, ["-e", ${JSON.stringify(STAY)}], { onLine: (line) => console.log(line) });`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await once(createInterface({ input: parent.stdout }), "line");
    parent.kill(signal);
    await once(parent, "exit");
    expect(await isGone(Number(line))).toBe(true);
  },
);

it("keeps the last lines of a child that fails, for the message", async () => {
  const child = startChild(OWN_NODE, ["-e", 'console.error("no such luck"); process.exit(3)']);
  await child.ended;
  expect(child.lastLines()).toContain("no such luck");
});

/** Waits until the process is gone; what waits too long fails by the test's own limit. */
async function isGone(pid: number): Promise<boolean> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await delay(20);
  }
}
