import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createSecrets } from "../../dev/secrets.ts";
import { formatVars, readVars } from "../../dev/worker-vars.ts";

it("writes settings that are read back unchanged, JSON and spaces included", async () => {
  const directory = await mkdtemp(join(tmpdir(), "vars-"));
  const vars = { ...createSecrets(), PLAIN: "a b # c", EMPTY: "", ADDRESS: "postgresql://u:p@h/d?x=1" };
  await writeFile(join(directory, "vars"), formatVars(vars));
  expect(await readVars(join(directory, "vars"))).toEqual(vars);
  await rm(directory, { recursive: true });
});

it.each(["it's", "a$b", "two\nlines"])("refuses a value that the file cannot hold: %j", (value) => {
  expect(() => formatVars({ NAME: value })).toThrow(/NAME must not contain/);
});
