import { expect, test } from "vitest";
import { overallStatus, type Probe, probeParts } from "../../../src/features/operations/health.ts";
import { AppError } from "../../../src/lib/errors.ts";
import { createLogger } from "../../../src/lib/logger.ts";

function probe(name: string, check: Probe["check"], required = false): Probe {
  return { name, required, check };
}

async function probed(...probes: Probe[]) {
  const lines: string[] = [];
  const log = createLogger({}, (_, line) => lines.push(line));
  const parts = await probeParts(probes, { clock: { now: () => 0 }, log, timeoutMs: 5 });
  return { parts, lines };
}

test("a part that works is ok, one that grumbles is degraded, one that throws is down", async () => {
  const { parts, lines } = await probed(
    probe("a", async () => undefined),
    probe("b", async () => "It is slow."),
    probe("c", async () => {
      throw new Error("canary: password of db.internal");
    }),
    probe("d", async () => {
      throw new AppError("misconfigured", { detail: "Run the migrations." });
    }),
  );
  expect(parts.map(({ status }) => status)).toEqual(["ok", "degraded", "down", "down"]);
  expect(parts.map(({ detail }) => detail)).toEqual([
    undefined,
    "It is slow.",
    "It fails; the log has the error.",
    "Run the migrations.",
  ]);
  expect(JSON.stringify([parts, lines])).not.toContain("canary");
});

test("a part that never answers is given up, and told so", async () => {
  let told = false;
  const { parts } = await probed(
    probe("silent", (signal) => {
      signal.addEventListener("abort", () => (told = true));
      return new Promise(() => {});
    }),
  );
  expect(parts).toMatchObject([{ status: "down", detail: "It does not answer." }]);
  expect(told).toBe(true);
});

test("an optional part degrades the service, a required one ends it", async () => {
  const fails: Probe["check"] = async () => {
    throw new Error();
  };
  const works: Probe["check"] = async () => undefined;
  const statusOf = async (...probes: Probe[]) => overallStatus((await probed(...probes)).parts);
  expect(await statusOf(probe("a", works, true), probe("b", works))).toBe("ok");
  expect(await statusOf(probe("a", works, true), probe("b", fails))).toBe("degraded");
  expect(await statusOf(probe("a", fails, true), probe("b", works))).toBe("down");
  expect(await statusOf(probe("a", async () => "2 migrations are missing.", true))).toBe("degraded");
});
