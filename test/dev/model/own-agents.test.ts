/** The stand-in as the models of people's own agents: asked as the product asks them. */
import quickJs from "@jitl/quickjs-wasmfile-release-sync";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ModelServer, startModelServer } from "../../../dev/model/server.ts";
import { runCodeTool, webSearchTool } from "../../../src/features/tools/service.ts";
import { createModelClient } from "../../../src/platform/model.ts";
import { runInMachine } from "../../../src/platform/sandbox-machine.ts";
import { agentToRun, programFor } from "../../support/agents-to-run.ts";
import { startSearchServer } from "../../support/search-server.ts";
import { TurnBench } from "../../support/turn-bench.ts";

const MODELS = { supervisor: "stand-in", worker: "stand-in", small: "stand-in" };

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());

function ask(agent: ReturnType<typeof agentToRun>, message: string) {
  const model = createModelClient({ baseUrl: server.url, models: MODELS });
  return new TurnBench().run(model, { program: programFor(agent), message });
}

const SCHEMA = {
  type: "object",
  properties: { what: { type: "string" }, price: { type: "number" }, pieces: { type: "integer" } },
  required: ["what"],
  additionalProperties: false,
};

it("makes a row of each part of a text that has a number", async () => {
  const { text } = await ask(
    agentToRun({ kind: "extractor", schema: SCHEMA }),
    "We bought: eggs for 3.50 and 12 pieces; tea 4. Nothing else.",
  );
  expect(JSON.parse(text)).toEqual([
    { what: "We bought eggs for and pieces", price: 3.5, pieces: 12 },
    { what: "tea", price: 4 },
  ]);
});

it("chooses the agent whose description has the request's words", async () => {
  const clerk = agentToRun({ name: "Clerk", description: "Writes letters." });
  const reader = agentToRun({
    kind: "extractor",
    name: "Receipts",
    description: "Reads receipts.",
    schema: SCHEMA,
  });
  const router = agentToRun({ kind: "router", agents: [clerk.id, reader.id] }, [clerk, reader]);
  const result = await ask(router, "Read these receipts: bread 4");
  expect(result.answeredBy).toMatchObject({ id: reader.id });
  expect(JSON.parse(result.text)).toEqual([{ what: "Read these receipts bread", price: 4 }]);
});

it("answers from its tools for an agent with those of a domain", async () => {
  const { status, text } = await ask(agentToRun({ tools: ["list_tasks"] }), "List my tasks.");
  expect(status).toBe("done");
  expect(text).toMatch(/no tasks/i);
});

it("computes what a request has to compute, and searches the web for the rest", async () => {
  const search = await startSearchServer();
  const tools = [
    runCodeTool({ run: (job) => runInMachine(quickJs, job) }),
    webSearchTool({ service: "searxng", baseUrl: search.url }),
  ];
  const agent = agentToRun({ tools: ["run_code", "web_search"] });
  const model = createModelClient({ baseUrl: server.url, models: MODELS });
  const answer = async (message: string) => {
    const bench = new TurnBench();
    bench.extraTools = tools;
    return (await bench.run(model, { program: programFor(agent), message })).text;
  };
  expect(await answer("What is 12 × 7.5 + 3?")).toBe("That is 93.");
  expect(await answer("The average of 3, 4 and 8, please")).toBe("That is 5.");
  expect(await answer("What weighs a heron?")).toMatch(
    /^Herons of the lake: .*\(https:\/\/birds.example\/herons\)$/,
  );
  expect(await answer("Anything on zeppelins?")).toBe("The web has nothing on this.");
  await search.close();
});
