import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CRONS } from "../src/crons.ts";
import { ANONYMOUS_LIMIT } from "../src/request-host.ts";

const configuration = await readFile(join(import.meta.dirname, "../wrangler.toml"), "utf8");

test("the schedule of wrangler.toml and the table of jobs name the same expressions", () => {
  const schedules = [...configuration.matchAll(/^crons = (\[.*\])$/gm)].map(([, list = "[]"]) =>
    JSON.parse(list),
  );
  expect(schedules.length).toBeGreaterThan(0);
  for (const schedule of schedules) expect(schedule.sort()).toEqual(Object.keys(CRONS).sort());
});

test("the limit that answers announce is the one that the binding has", () => {
  const limits = [
    ...configuration.matchAll(/name = "AUTH_RATE_LIMIT"[^[]*?simple = \{ limit = (\d+), period = (\d+) \}/g),
  ];
  expect(limits.length).toBe(2);
  for (const [, requests, windowS] of limits) {
    expect({ requests: Number(requests), windowS: Number(windowS) }).toEqual(ANONYMOUS_LIMIT);
  }
});
