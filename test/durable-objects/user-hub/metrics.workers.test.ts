/** What a hub measures of its turns, with a data set that remembers in place of the platform's. */
import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { newId } from "../../../src/lib/ids.ts";
import { TURN_BLOBS, TURN_DOUBLES } from "../../../src/platform/metrics.ts";
import { MILK, says, startErrand } from "../../support/errand.ts";
import { crashHub, ringAlarm } from "../../support/hub.ts";

const points: AnalyticsEngineDataPoint[] = [];
Object.assign(env, {
  ANALYTICS: { writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) },
});
afterEach(() => void points.splice(0));

function measured(): Record<string, unknown>[] {
  return points.map(({ indexes, blobs, doubles }) => ({
    tenant: indexes?.[0],
    ...Object.fromEntries(TURN_BLOBS.map((name, index) => [name, blobs?.[index]])),
    ...Object.fromEntries(TURN_DOUBLES.map((name, index) => [name, doubles?.[index]])),
  }));
}

test("a turn leaves one point, with what it used and cost", async () => {
  const { user, device, word } = await startErrand(MILK);
  const { usage } = await device.end(device.askTasks(`Add milk ${word}`));
  const [point, ...more] = measured();
  expect(more).toEqual([]);
  expect(point).toMatchObject({
    tenant: user.tenantId,
    kind: "floating",
    status: "done",
    error_code: "",
    generations: 1,
    model_calls: usage.model_calls,
    tool_calls: usage.tool_calls,
    mutations: 1,
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    unpriced_calls: 0,
  });
  expect(point?.["price"]).toBeGreaterThan(0);
  expect(String(point?.["calls"]).match(/^claude-sonnet-5-5 \d+ \d+ \d+ \d+ \d+$/gm)).toHaveLength(2);
});

test("a turn that was taken up again counts all its model calls, and leaves one point", async () => {
  const { user, device, word } = await startErrand(MILK);
  device.isDeaf = true;
  const turn = device.askTasks(`Add milk ${word}`);
  await device.frame("tool_call");
  await crashHub(user);
  device.isDeaf = false;
  await device.connect();
  await ringAlarm(user);
  await device.end(turn);
  expect(measured()).toEqual([expect.objectContaining({ status: "done", generations: 2, model_calls: 2 })]);
});

test("a turn that fails is measured with the code of its failure, and no point holds a word of it", async () => {
  const canary = newId();
  const { device, word } = await startErrand([{ reply: { content: [], stopReason: "refusal" } }]);
  await device.end(device.askTasks(`${canary} ${word}`));
  expect(measured()).toEqual([
    expect.objectContaining({ status: "failed", error_code: "model_refused", first_text_ms: 0 }),
  ]);
  expect(JSON.stringify(points)).not.toContain(canary);
});

test("the first words are timed", async () => {
  const { device, word } = await startErrand([{ reply: { ...says("Hello."), deltaDelayMs: 40 } }]);
  await device.end(device.askTasks(`Hello ${word}`));
  const [point] = measured();
  const [first, whole] = [Number(point?.["first_text_ms"]), Number(point?.["duration_ms"])];
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(whole);
});
