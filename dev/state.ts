/** The folder where a local stack keeps its database, objects and keys; one stack at a time. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const takenHere = new Set<string>();

/** Takes the folder for this process. Throws a sentence when a stack that still runs has it. */
export async function takeState(directory: string): Promise<{ release(): Promise<void> }> {
  const path = join(resolve(directory), "lock");
  await mkdir(directory, { recursive: true });
  const owner = Number(await readFile(path, "utf8").catch(() => "0"));
  if (owner === process.pid ? takenHere.has(path) : isAlive(owner)) {
    throw new Error(
      `Process ${owner} already runs a stack on ${directory}. Stop it or choose another folder; if that process is ` +
        `something else, delete ${path}.`,
    );
  }
  takenHere.add(path);
  await writeFile(path, String(process.pid));
  return {
    release: async () => {
      takenHere.delete(path);
      await rm(path, { force: true });
    },
  };
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
