import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Semaphore } from "../../src/lib/semaphore.ts";

/** Tasks that end when the test says so, and how many of them run now. */
class Tasks {
  readonly started: number[] = [];
  readonly ended = new Set<number>();
  readonly #ends = new Map<number, () => void>();
  running = 0;
  most = 0;

  task(id: number): () => Promise<number> {
    return async () => {
      this.started.push(id);
      this.running++;
      this.most = Math.max(this.most, this.running);
      await new Promise<void>((resolve) => this.#ends.set(id, resolve));
      this.running--;
      return id;
    };
  }

  end(id: number): void {
    this.ended.add(id);
    this.#ends.get(id)?.();
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a semaphore", () => {
  it("lets as many tasks run as it has places, and the rest in order of arrival", async () => {
    const tasks = new Tasks();
    const semaphore = new Semaphore(2);
    const results = [1, 2, 3, 4].map((id) => semaphore.run(tasks.task(id)));
    await settled();
    expect(tasks.started).toEqual([1, 2]);
    tasks.end(2);
    await settled();
    expect(tasks.started).toEqual([1, 2, 3]);
    tasks.end(1);
    await settled();
    expect(tasks.started).toEqual([1, 2, 3, 4]);
    tasks.end(3);
    tasks.end(4);
    await expect(Promise.all(results)).resolves.toEqual([1, 2, 3, 4]);
  });

  it("gives a place back when its task fails", async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.run(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await expect(semaphore.run(async () => "next")).resolves.toBe("next");
  });

  it("counts a place that is given back twice once", async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire();
    release();
    release();
    const tasks = new Tasks();
    const first = semaphore.run(tasks.task(1));
    const second = semaphore.run(tasks.task(2));
    await settled();
    expect(tasks.running).toBe(1);
    tasks.end(1);
    await settled();
    tasks.end(2);
    await expect(Promise.all([first, second])).resolves.toEqual([1, 2]);
  });

  it("never runs more tasks than it has places and leaves none behind, in whatever order they end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
        async (size, endings) => {
          const semaphore = new Semaphore(size);
          // The second wave finds as many places as the first.
          for (let wave = 0; wave < 2; wave++) {
            const tasks = new Tasks();
            const results = endings.map((_, id) => semaphore.run(tasks.task(id)));
            for (let round = 0; round < endings.length; round++) {
              await settled();
              expect(tasks.running).toBe(Math.min(size, endings.length - round));
              tasks.end(endings.find((id) => tasks.started.includes(id) && !tasks.ended.has(id))!);
            }
            await expect(Promise.all(results)).resolves.toHaveLength(endings.length);
            expect(tasks.started).toEqual(endings.map((_, id) => id));
            expect(tasks.most).toBe(size);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
