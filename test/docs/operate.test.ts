import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const LOGGED = /\blog(?:\.with\([^)]*\))?\.(info|warn|error)\(\s*\{\s*event: "([\w.]+)"/g;

it("the runbook explains every event that the service logs, at its level, and none that it does not", async () => {
  const told = new Map<string, string>();
  for (const [, event = "", level = ""] of (await read("docs/operate.md")).matchAll(
    /^\| `([a-z_]+\.[a-z_]+)` \| (\w+) \|/gm,
  )) {
    told.set(event, level);
  }
  const sources = (await Promise.all((await sourceFiles()).map(read))).join("\n");
  const logged = [...sources.matchAll(LOGGED)].map(([, level, event]) => [event, level]);
  expect(logged.length).toBeGreaterThan(15);
  for (const [event = "", level] of logged) expect([event, told.get(event)]).toEqual([event, level]);
  const unknown = [...told.keys()].filter((event) => !sources.includes(`event: "${event}"`));
  expect(unknown).toEqual([]);
});

async function sourceFiles(): Promise<string[]> {
  const folders = await Promise.all(
    ["src", "durable-objects"].map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  return folders.flat().filter((path) => path.endsWith(".ts"));
}

function read(path: string): Promise<string> {
  return readFile(join(ROOT, path), "utf8");
}
