/** A copy of the project to start, change and misconfigure, with the packages of this one. */
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const PARTS = [
  "src",
  "durable-objects",
  "device",
  "dev",
  "migrations",
  "wrangler.toml",
  "wrangler.ingest.toml",
  "wrangler.sandbox.toml",
  "tsconfig.json",
  "package.json",
  "package-lock.json",
];

export interface ProjectCopy {
  folder: string;
  discard(): Promise<void>;
}

export async function copyProject(): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), "project-"));
  for (const part of PARTS) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return { folder, discard: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}
