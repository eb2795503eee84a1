/**
 * The rules of the architecture that imports can show (spec 2, rules 1, 3, 5 and 7) and the size of files. A guard, not a
 * proof: it reads import statements and patterns, so code that wants to get around it can.
 */
import { expect, it } from "vitest";
import { readSources, type SourceFile, type SourceImport, sourceFile } from "./support/source-imports.ts";

/** A feature imports only earlier ones. */
const RANK = [
  "users",
  "auth",
  "sharing",
  "billing",
  "storage",
  "memory",
  "knowledge",
  "hub",
  "workspace",
  "connections",
  "mcp",
  "agenda",
  "plugins",
  "tools",
  "agent",
  "custom-agents",
  "chat",
  "automations",
  "workflows",
  "webhooks",
  "gateway",
  "insights",
  "operations",
];
/**
 * Two beside the list of the spec: `policy`, since every verb asks one and need not load the rest of its feature for it, and
 * `ingest`, behind which is what a script of its own runs.
 */
const DOORS = ["policy", "service", "schema", "tables", "client", "protocol", "tools", "types", "ingest"];
const LINES_MAX = 400;

const sources = await readSources("src", "durable-objects", "device");
const everything = [...sources, ...(await readSources("dev", "test", "bench"))];

it("finds the sources it guards", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.flatMap(({ imports }) => imports).filter(({ isOwn }) => isOwn).length).toBeGreaterThan(200);
});

it("rule 1: imports go down, and between features only to an earlier one, through its doors", () => {
  expect(sources.flatMap(importsUpwards)).toEqual([]);
});

it("rule 3: routes know neither the database nor its tables", () => {
  expect(sources.flatMap(routesThatReachTheDatabase)).toEqual([]);
});

it("rule 5: nothing the agent loop is made of knows Hono, Durable Objects or Drizzle", () => {
  expect(loopsOutsideWorld(sources)).toEqual([]);
});

it("keeps the readers of documents out of the main script, and hubs and routes out of the one that reads", () => {
  const ofMain = reachedFrom(sources, "src/index.ts");
  const ofIngest = reachedFrom(sources, "src/ingest.ts");
  expect(ofMain.filter(isReader)).toEqual([]);
  expect(ofIngest.filter(isReader)).not.toEqual([]);
  expect(
    ofIngest.filter((target) => /^(durable-objects\/|hono)|^src\/features\/.*[/-]routes\.ts$/.test(target)),
  ).toEqual([]);
});

it("keeps the interpreter for code in a script of its own, with nothing beside it to reach", () => {
  const withoutIt = [...reachedFrom(sources, "src/index.ts"), ...reachedFrom(sources, "src/ingest.ts")];
  expect(withoutIt.filter((target) => /quickjs|sandbox-machine/.test(target))).toEqual([]);
  const ofSandbox = reachedFrom(sources, "src/sandbox.ts");
  expect(ofSandbox.filter((target) => /^(src|durable-objects)\//.test(target)).toSorted()).toEqual([
    "src/platform/sandbox-machine.ts",
    "src/sandbox.ts",
  ]);
});

it("rule 7: raw bindings are read in platform/env alone, and the model's SDK in platform/model", () => {
  expect(sources.flatMap(readsRawBindings)).toEqual([]);
  expect(sources.flatMap(importsModelSdk)).toEqual([]);
});

it("imports zod as a namespace: by its name `z` all of it and its fifty languages would be in every bundle", () => {
  expect(sources.flatMap(importsAllOfZod)).toEqual([]);
});

it(`keeps every file under ${LINES_MAX} lines`, () => {
  const long = everything
    .filter(({ text }) => text.split("\n").length - 1 > LINES_MAX)
    .map(({ path }) => path);
  expect(long).toEqual([]);
});

it.each([
  ["an upward import", importsUpwards, "src/lib/a.ts", 'import { x } from "../platform/db.ts";'],
  ["a later feature", importsUpwards, "src/features/users/a.ts", 'import { x } from "../auth/service.ts";'],
  [
    "a feature's inner file",
    importsUpwards,
    "src/features/chat/a.ts",
    'import { x } from "../users/audit.ts";',
  ],
  [
    "an unranked feature",
    importsUpwards,
    "src/features/odd/a.ts",
    'import { x } from "../users/service.ts";',
  ],
  ["tooling in the product", importsUpwards, "src/lib/a.ts", 'import { x } from "../../dev/ports.ts";'],
  ["the server in the device", importsUpwards, "device/a.ts", 'import { x } from "../src/platform/db.ts";'],
  [
    "tables in routes",
    routesThatReachTheDatabase,
    "src/features/chat/routes.ts",
    'import { x } from "./tables.ts";',
  ],
  [
    "a database in routes",
    routesThatReachTheDatabase,
    "src/features/chat/routes.ts",
    'export * from "drizzle-orm";',
  ],
  ["a raw binding", readsRawBindings, "src/features/chat/a.ts", "const hub = env.USER_HUB;"],
  ["the global environment", readsRawBindings, "src/lib/a.ts", 'import { env } from "cloudflare:workers";'],
  [
    "the model's SDK",
    importsModelSdk,
    "src/features/agent/a.ts",
    'const x = await import("@anthropic-ai/sdk");',
  ],
  ["all of zod", importsAllOfZod, "src/lib/a.ts", 'import { z } from "zod";'],
])("would notice %s", (_, rule, path, text) => {
  expect(rule(sourceFile(path, text))).toHaveLength(1);
});

it("would notice a reader that the main script reaches", () => {
  const index = sourceFile("src/index.ts", 'import { x } from "./inner.ts";');
  const inner = sourceFile("src/inner.ts", 'const x = await import("unpdf");');
  expect(reachedFrom([index, inner], "src/index.ts").filter(isReader)).toEqual(["unpdf"]);
});

it("would notice what the loop reaches through another file", () => {
  const loop = sourceFile("src/features/agent/loop.ts", 'import { x } from "./inner.ts";');
  const inner = sourceFile("src/features/agent/inner.ts", 'import {\n  sql,\n} from "drizzle-orm";');
  expect(loopsOutsideWorld([loop, inner])).toEqual(["src/features/agent/inner.ts → drizzle-orm"]);
});

/** Floors from the ground up; the wiring of ports stands between features and Durable Objects. */
function floorOf(path: string): number | undefined {
  if (path.startsWith("src/lib/")) return 0;
  if (path.startsWith("src/platform/")) return 1;
  if (path.startsWith("src/features/")) return 2;
  if (path === "src/ports.ts") return 3;
  if (path.startsWith("durable-objects/")) return 4;
  if (/^src\/(index|ingest|sandbox)\.ts$/.test(path)) return 6;
  return path.startsWith("src/") ? 5 : undefined;
}

function importsUpwards(file: SourceFile): string[] {
  return (
    file.imports
      // JSON is data: the version of the package, the list of migrations.
      .filter(({ isOwn, target }) => isOwn && !target.endsWith(".json"))
      .filter((one) => !isExempt(file.path, one) && !mayImport(file.path, one.target))
      .map(({ target }) => `${file.path} → ${target}`)
  );
}

/** A client derives its type from the class it calls; a `types` door lends a shape (what a tool is), never code. */
function isExempt(path: string, { target, isTypeOnly }: SourceImport): boolean {
  const lendsShape = path.startsWith("src/features/") && /^src\/features\/[^/]+\/types\.ts$/.test(target);
  return isTypeOnly && (path.endsWith("/client.ts") || lendsShape);
}

function mayImport(from: string, to: string): boolean {
  // A device is a program of its own: it shares the contract with the server, and what knows nothing of us.
  if (from.startsWith("device/"))
    return to.startsWith("device/") || to.startsWith("src/lib/") || isContract(to);
  const [fromFloor, toFloor] = [floorOf(from), floorOf(to)];
  if (fromFloor === undefined || toFloor === undefined) return false;
  if (fromFloor !== 2 || toFloor !== 2) return fromFloor >= toFloor;
  const [own, other] = [featureOf(from), featureOf(to)];
  if (own === other) return true;
  return (
    RANK.includes(own) && RANK.indexOf(other) >= 0 && RANK.indexOf(other) < RANK.indexOf(own) && isDoor(to)
  );
}

function featureOf(path: string): string {
  return path.split("/")[2] ?? "";
}

function isDoor(path: string): boolean {
  const [, , , file, ...deeper] = path.split("/");
  return deeper.length === 0 && DOORS.includes(file?.replace(/\.ts$/, "") ?? "");
}

function isContract(path: string): boolean {
  return /^src\/features\/[^/]+\/(protocol|schema)\.ts$/.test(path);
}

function routesThatReachTheDatabase(file: SourceFile): string[] {
  if (!/[/-]routes\.ts$/.test(file.path)) return [];
  return file.imports
    .filter(({ target }) => /(^drizzle-orm|\/tables\.ts$|^src\/platform\/([a-z]+-)?db\.ts$)/.test(target))
    .map(({ target }) => `${file.path} → ${target}`);
}

/** Follows the loop's imports, types apart, as far as they go. */
function loopsOutsideWorld(files: SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set(["src/features/agent/loop.ts"]);
  const found: string[] = [];
  for (const path of reached) {
    for (const { target, isOwn, isTypeOnly } of byPath.get(path)?.imports ?? []) {
      if (isTypeOnly) continue;
      if (isOwn) reached.add(target);
      if (/^(hono|@hono\/|drizzle-orm|cloudflare:|durable-objects\/)/.test(target))
        found.push(`${path} → ${target}`);
    }
  }
  return found;
}

/** Everything that a bundle of `entry` holds: files of ours, and packages by name. */
function reachedFrom(files: SourceFile[], entry: string): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set([entry]);
  for (const path of reached) {
    for (const { target, isTypeOnly } of byPath.get(path)?.imports ?? [])
      if (!isTypeOnly) reached.add(target);
  }
  return [...reached];
}

/** What makes text of bytes that strangers wrote. */
function isReader(target: string): boolean {
  return /^(unpdf|htmlparser2|postal-mime|csv-parse)|\/core\/parse\/parse\.ts$/.test(target);
}

function readsRawBindings(file: SourceFile): string[] {
  if (/^src\/platform\/env(-settings)?\.ts$/.test(file.path) || file.path.startsWith("device/")) return [];
  const found: string[] = file.text.match(/\b(env|raw|bindings)(\.|\[")[A-Z][A-Z0-9_]+\b/g) ?? [];
  if (/import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*"cloudflare:workers"/.test(file.text)) found.push("env");
  return found.map((reading) => `${file.path}: ${reading}`);
}

function importsModelSdk(file: SourceFile): string[] {
  if (/^src\/platform\/model(-[a-z]+)?\.ts$/.test(file.path)) return [];
  return file.imports.filter(({ target }) => target.startsWith("@anthropic-ai/")).map(() => file.path);
}

function importsAllOfZod({ path, text }: SourceFile): string[] {
  return /^import\s*\{[^}]*\bz\b[^}]*\}\s*from\s*"zod"/m.test(text) ? [path] : [];
}
