/** CPU time and memory of the runtime's processes, from the kernel's own accounts. */
import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts CPU time in these; fixed on Linux for user space. */
const TICKS_PER_S = 100;
const PAGE_BYTES = 4096;

/** The `workerd` processes started by this process since `before` was taken. */
export function workerdPids(before: ReadonlySet<number> = new Set()): Set<number> {
  return pidsOf("workerd", before);
}

/** Processes of this name that this process and its own started, but for those in `before`. */
export function pidsOf(name: string, before: ReadonlySet<number> = new Set()): Set<number> {
  const found = new Set<number>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || before.has(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      if (stat.includes(`(${name})`) && isDescendant(pid, process.pid)) found.add(pid);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** User and system time of these processes so far, in ms. */
export function cpuMs(pids: Iterable<number>): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks / TICKS_PER_S) * 1000;
}

/** Resident memory of these processes, in bytes. */
export function residentBytes(pids: Iterable<number>): number {
  let pages = 0;
  for (const pid of pids) pages += Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages * PAGE_BYTES;
}

/** Fields of /proc/pid/stat after the command's name: state is 0, parent 1, utime 11, stime 12. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function isDescendant(pid: number, ancestor: number): boolean {
  for (let current = pid; current > 1; current = Number(statFields(current)[1])) {
    if (current === ancestor) return true;
  }
  return false;
}
