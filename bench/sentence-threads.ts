/** The model on every core: a thread of `sentence-thread.ts` each, and a text at a time for whichever is free. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

interface Job {
  text: string;
  done(vector: Float32Array): void;
  failed(cause: Error): void;
}

export class SentenceThreads {
  readonly #directory: string;
  readonly #threads: Worker[] = [];
  readonly #free: Worker[] = [];
  readonly #waiting: Job[] = [];
  readonly #running = new Map<Worker, Job>();

  /** @param directory Where the model is installed. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Threads start with the first text that is not known yet. */
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    if (texts.length === 0) return [];
    while (this.#threads.length < availableParallelism()) this.#start();
    const vectors = texts.map(
      (text) =>
        new Promise<Float32Array>((done, failed) => {
          this.#waiting.push({ text, done, failed });
        }),
    );
    this.#next();
    return Promise.all(vectors);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #start(): void {
    const thread = new Worker(join(import.meta.dirname, "sentence-thread.ts"), {
      workerData: this.#directory,
    });
    thread.on("message", (vector: Float32Array) => {
      this.#running.get(thread)?.done(vector);
      this.#running.delete(thread);
      this.#free.push(thread);
      this.#next();
    });
    thread.on("error", (cause: Error) => {
      for (const job of [...this.#running.values(), ...this.#waiting.splice(0)]) job.failed(cause);
    });
    this.#threads.push(thread);
    this.#free.push(thread);
  }

  #next(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0) {
      const thread = this.#free.pop()!;
      const job = this.#waiting.shift()!;
      this.#running.set(thread, job);
      thread.postMessage(job.text);
    }
  }
}
