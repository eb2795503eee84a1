/** Child processes that never outlive this one, whichever way it ends. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface ChildOptions {
  /** Set beside this process's own environment. */
  env?: Record<string, string>;
  /** Every line the child writes to either stream. */
  onLine?: (line: string) => void;
}

export interface Child {
  /** Settles when the child and everything it started are gone. */
  ended: Promise<void>;
  /** Asks the child to end and waits until it did. Safe to repeat. */
  stop(): Promise<void>;
  /** Ends the child and everything it started at once, as a crash would (SIGKILL). */
  kill(): Promise<void>;
  /** The last lines it wrote, for an error message. */
  lastLines(): string[];
}

const LINES_KEPT = 20;

export function startChild(command: string, commandArguments: string[], options: ChildOptions = {}): Child {
  const lines: string[] = [];
  const leash = fork(join(import.meta.dirname, "leash.ts"), [command, ...commandArguments], {
    // A group of its own: Ctrl-C in the terminal reaches this process alone, which then stops the child in order.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...options.env },
    execArgv: [],
  });
  for (const stream of [leash.stdout, leash.stderr]) {
    if (stream) readLines(stream, keep);
  }
  const ended = new Promise<void>((resolve) => leash.once("exit", () => resolve()));
  return {
    ended,
    stop: () => {
      if (leash.connected) leash.disconnect();
      return ended;
    },
    kill: () => {
      if (leash.pid !== undefined && leash.exitCode === null && leash.signalCode === null) {
        process.kill(-leash.pid, "SIGKILL");
      }
      return ended;
    },
    lastLines: () => [...lines],
  };

  function keep(line: string): void {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    options.onLine?.(line);
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on("line", onLine);
}
