/** Reads what a TypeScript file imports, by its import statements alone. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";

export interface SourceImport {
  /** A path from the project's root for the project's own files, else the package's specifier. */
  target: string;
  isOwn: boolean;
  /** Gone at run time: `import type`, or nothing but `type` names between the braces. */
  isTypeOnly: boolean;
}

export interface SourceFile {
  /** From the project's root, with `/`. */
  path: string;
  text: string;
  imports: SourceImport[];
}

const ROOT = join(import.meta.dirname, "../..");
const STATEMENT = /^\s*(?:import|export)\s+(?<clause>[^"';]*?)\s*from\s*["'](?<from>[^"']+)["']/gm;
const BARE = /^\s*import\s*["'](?<from>[^"']+)["']/gm;
const DYNAMIC = /\bimport\(\s*["'](?<from>[^"']+)["']/g;

/** All TypeScript files under these folders of the project. */
export async function readSources(...folders: string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const folder of folders) {
    for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      const absolute = join(entry.parentPath, entry.name);
      const path = relative(ROOT, absolute).replaceAll("\\", "/");
      files.push(sourceFile(path, await readFile(absolute, "utf8")));
    }
  }
  return files;
}

export function sourceFile(path: string, text: string): SourceFile {
  const statements = withoutComments(text);
  const imports = [
    ...[...statements.matchAll(STATEMENT)].map(({ groups }) => [
      groups?.["from"],
      isTypeClause(groups?.["clause"]),
    ]),
    ...[...statements.matchAll(BARE)].map(({ groups }) => [groups?.["from"], false]),
    ...[...statements.matchAll(DYNAMIC)].map(({ groups }) => [groups?.["from"], false]),
  ];
  return {
    path,
    text,
    imports: imports.map(([from, isTypeOnly]) => resolveImport(path, String(from), isTypeOnly === true)),
  };
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function isTypeClause(clause = ""): boolean {
  if (/^type\s/.test(clause)) return true;
  const names = /^\{(?<names>[\s\S]*)\}$/.exec(clause)?.groups?.["names"];
  if (names === undefined) return false;
  return names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .every((name) => name.startsWith("type "));
}

function resolveImport(path: string, from: string, isTypeOnly: boolean): SourceImport {
  if (!from.startsWith(".")) return { target: from, isOwn: false, isTypeOnly };
  return { target: normalize(join(dirname(path), from)).replaceAll("\\", "/"), isOwn: true, isTypeOnly };
}
