import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { handleBatch } from "../src/queues.ts";

test("a message that no handler knows is tried again, and never taken for done", async () => {
  const batch = createMessageBatch<unknown>("adjutant-ingest-dev", [
    { id: "1", timestamp: new Date(), attempts: 1, body: { kind: "nobody.knows" } },
    { id: "2", timestamp: new Date(), attempts: 1, body: "not even an object" },
  ]);
  await handleBatch(batch, env);
  const result = await getQueueResult(batch, createExecutionContext());
  expect(result.explicitAcks).toEqual([]);
  expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(["1", "2"]);
});
