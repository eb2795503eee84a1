/** The bytes of the local database and of the Durable Objects, searched as they rest on disk. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface ServerSearch {
  files: number;
  bytes: number;
  /** The phrases that some file holds, as UTF-8 or UTF-16. Compressed and encoded copies are the canary test's business. */
  found: ReadonlySet<string>;
}

const STORES = ["postgres", "worker"];

export async function searchServer(serverDir: string, phrases: readonly string[]): Promise<ServerSearch> {
  const needles = phrases.map(
    (phrase) => [phrase, Buffer.from(phrase), Buffer.from(phrase, "utf16le")] as const,
  );
  const found = new Set<string>();
  let files = 0;
  let bytes = 0;
  for (const store of STORES) {
    const entries = await readdir(join(serverDir, store), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((candidate) => candidate.isFile())) {
      // A database may drop a file of its log while this reads.
      const content = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
      files++;
      bytes += content.length;
      for (const [phrase, utf8, utf16] of needles) {
        if (content.includes(utf8) || content.includes(utf16)) found.add(phrase);
      }
    }
  }
  return { files, bytes, found };
}
