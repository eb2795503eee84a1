import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

const DOCS = join(import.meta.dirname, "../../docs");

it("every test that the proof names exists under that name", async () => {
  const page = await readFile(join(DOCS, "proof.md"), "utf8");
  const links = [...page.matchAll(/\]\((\.\.\/test\/[^)]+)\)(?:: ((?:“[^”]+”(?:, )?)+))?/g)];
  expect(links.length).toBeGreaterThan(30);
  for (const [, path = "", names = ""] of links) {
    const source = await readFile(join(DOCS, path), "utf8");
    for (const [, name = ""] of names.matchAll(/“([^”]+)”/g)) expect(source, path).toContain(`"${name}"`);
  }
});
