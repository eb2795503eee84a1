import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { newId } from "../../src/lib/ids.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { createMetrics, type EndedTurn, TURN_BLOBS, TURN_DOUBLES } from "../../src/platform/metrics.ts";

const TURN: EndedTurn = {
  tenantId: newId(),
  kind: "home",
  status: "done",
  errorCode: null,
  durationMs: 1500,
  firstTextMs: 400,
  generations: 1,
  toolCalls: 2,
  webSearches: 1,
  codeRuns: 3,
  mutations: 1,
  modelCalls: [],
};

function call(model: string, inputTokens: number, outputTokens: number): EndedTurn["modelCalls"][number] {
  return { model, usage: { inputTokens, outputTokens, cacheReadTokens: 10, cacheWriteTokens: 1 } };
}

/** What a turn leaves behind, by the names of its columns, and what was logged. */
function measured(turn: EndedTurn, write?: () => void) {
  const points: AnalyticsEngineDataPoint[] = [];
  const lines: string[] = [];
  const dataset = {
    writeDataPoint: (point: AnalyticsEngineDataPoint = {}) => {
      write?.();
      points.push(point);
    },
  };
  const log = createLogger({}, (_, line) => lines.push(line));
  createMetrics(dataset, log).turnEnded(turn);
  const [point] = points;
  const columns = {
    ...Object.fromEntries(TURN_BLOBS.map((name, index) => [name, point?.blobs?.[index]])),
    ...Object.fromEntries(TURN_DOUBLES.map((name, index) => [name, point?.doubles?.[index]])),
  };
  return { points, lines, point, columns };
}

it("writes one point a turn, under its tenant, with every column in its place", () => {
  const { points, point, columns } = measured({
    ...TURN,
    modelCalls: [call("claude-sonnet-5-5", 1000, 200), call("claude-haiku-5-5", 300, 40)],
  });
  expect(points).toHaveLength(1);
  expect(point?.indexes).toEqual([TURN.tenantId]);
  expect(point?.blobs).toHaveLength(TURN_BLOBS.length);
  expect(point?.doubles).toHaveLength(TURN_DOUBLES.length);
  expect(columns).toMatchObject({
    point: "turn",
    kind: "home",
    status: "done",
    error_code: "",
    duration_ms: 1500,
    first_text_ms: 400,
    model_calls: 2,
    tool_calls: 2,
    mutations: 1,
    input_tokens: 1300,
    output_tokens: 240,
    cache_read_tokens: 20,
    cache_write_tokens: 2,
    unpriced_calls: 0,
  });
});

it("keeps each call's tokens and price, and the turn's price is their sum", () => {
  const { columns } = measured({
    ...TURN,
    modelCalls: [call("claude-sonnet-5-5", 1000, 200), call("claude-haiku-5-5", 300, 40)],
  });
  const sonnet = 1000 * 200 + 200 * 1000 + 10 * 10 + 250;
  const haiku = Math.round(300 * 10 + 40 * 50 + 10 * 1 + 12.5);
  expect(columns["calls"]).toBe(
    `claude-sonnet-5-5 1000 200 10 1 ${sonnet}\nclaude-haiku-5-5 300 40 10 1 ${haiku}\n`,
  );
  expect(columns["price"]).toBe(sonnet + haiku);
});

it("counts a call whose price nobody knows instead of guessing it", () => {
  const { columns } = measured({ ...TURN, modelCalls: [call("my local\nmodel", 5, 6)] });
  expect(columns).toMatchObject({ price: 0, unpriced_calls: 1, calls: "my_local_model 5 6 10 1 -\n" });
});

it("fits the engine's limits however many calls a turn makes, and still counts them all", () => {
  const modelCalls = Array.from({ length: 5_000 }, () => call(`m${"odel".repeat(100)}`, 1, 1));
  const { point, columns } = measured({ ...TURN, modelCalls });
  expect(Buffer.byteLength((point?.blobs ?? []).join(""))).toBeLessThanOrEqual(16_384);
  expect(String(columns["calls"])).toMatch(/ -\n$/);
  expect(columns).toMatchObject({ model_calls: 5_000, input_tokens: 5_000 });
});

it("never gets in the way of a turn: a point that cannot be written is a line in the log", () => {
  const { lines } = measured(TURN, () => {
    throw new Error("canary");
  });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "metrics.failed", tenant_id: TURN.tenantId });
  expect(lines[0]).not.toContain("canary");
});

it("has the columns that the runbook says", async () => {
  const runbook = await readFile(join(import.meta.dirname, "../../docs/operate.md"), "utf8");
  const told = (column: string) =>
    [...runbook.matchAll(new RegExp(`^\\| \`${column}(\\d+)\` \\| \`(\\w+)\` \\|`, "gm"))].map(
      ([, number, name]) => `${number} ${name}`,
    );
  expect(told("blob")).toEqual(TURN_BLOBS.map((name, index) => `${index + 1} ${name}`));
  expect(told("double")).toEqual(TURN_DOUBLES.map((name, index) => `${index + 1} ${name}`));
});
