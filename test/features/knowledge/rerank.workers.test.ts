import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { SearchAnswer } from "../../../src/features/knowledge/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { callFor } from "../../support/api.ts";
import { ingested, newCollection } from "../../support/knowledge.ts";
import { breakModel, modelRequests, scriptModel } from "../../support/model.ts";
import { newUser } from "../../support/users.ts";

const says = (text: string) => ({ content: [{ type: "text" as const, text }] });

test("the small model orders what was found, when it is asked to", async () => {
  const own = await newUser(env);
  const mine = await newCollection(own);
  for (const content of [
    "Holiday holiday holiday.",
    "A holiday is a day off.",
    "Holiday boats leave at nine.",
  ]) {
    await ingested(own, { collection_id: mine.id, content });
  }
  const search = async (query: string, more: object) => {
    const request = { collection_id: mine.id, query, diversity: 0, ...more };
    return (await callFor(SearchAnswer, "POST", "/rag/search", { as: own, body: request })).data;
  };
  const [first, second] = [newId(), newId()];
  const fused = await search(`holiday ${first}`, {});
  expect(await modelRequests(first)).toEqual([]);
  await scriptModel(first, [
    { content: [{ type: "tool_use", name: "order_sources", input: { order: [3, 1] } }] },
  ]);
  const ordered = await search(`holiday ${first}`, { rerank: true, limit: 2 });
  expect(ordered.map(({ text }) => text)).toEqual([fused[2]?.text, fused[0]?.text]);
  expect(ordered[0]?.score).toBeGreaterThanOrEqual(ordered[1]?.score ?? 1);
  const [request] = await modelRequests(first);
  expect(request?.request?.tools?.map(({ name }) => name)).toEqual(["order_sources"]);
  // A model that fails, or answers in words, leaves the order as it was.
  await breakModel([
    { kind: "status", status: 400, type: "invalid_request_error", message: "no", match: second },
  ]);
  await scriptModel(second, [says("3, 1"), says("3, 1")]);
  for (const _ of ["broken", "in words"]) {
    const kept = await search(`holiday ${second}`, { rerank: true });
    expect(kept.map(({ text }) => text)).toEqual(fused.map(({ text }) => text));
  }
});
