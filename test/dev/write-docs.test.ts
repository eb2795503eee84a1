import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WRITTEN_DOCS } from "../../dev/write-docs.ts";
import { ERROR_CATALOGUE } from "../../src/lib/errors.ts";

test.each(Object.entries(WRITTEN_DOCS))("%s says what the source says", async (path, write) => {
  const stored = await readFile(join(import.meta.dirname, "../..", path), "utf8");
  expect(stored, "run `npm run docs:write`").toBe(write());
});

test("every code of the catalogue has a section of its own", () => {
  const page = WRITTEN_DOCS["docs/errors.md"]?.() ?? "";
  for (const code of Object.keys(ERROR_CATALOGUE)) expect(page).toContain(`\n## ${code}\n`);
});
