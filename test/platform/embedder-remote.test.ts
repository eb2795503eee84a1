import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createEmbedder } from "../../src/platform/embedder.ts";

const key = new Uint8Array(32);
const closing: (() => Promise<void>)[] = [];

interface Served {
  baseUrl: string;
  requests: { url: string | undefined; authorization: string | undefined; body: { input: string[] } }[];
}

type Answer = (response: ServerResponse, input: string[], count: number) => void;

/** A server of the embeddings API whose vectors are (length of the text, 1, 0). */
async function serve(answer: Answer): Promise<Served> {
  const requests: Served["requests"] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text);
    requests.push({ url: request.url, authorization: request.headers.authorization, body });
    answer(response, body.input, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, requests };
}

const vectors: Answer = (response, input) => {
  const data = input.map((text, index) => ({ index, embedding: [text.length, 1, 0] })).reverse();
  response.end(JSON.stringify({ data }));
};

function openAi(baseUrl: string, timeoutMs = 5000) {
  const model = "tiny-embed";
  const config = { baseUrl, apiKey: "key", model, dimensions: 3, timeoutMs, random: () => 0 };
  return createEmbedder({ kind: "openai", ...config });
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe("an embedder behind OpenAI's API", () => {
  test("gives vectors of length 1 in the order of the texts, in batches the service can take", async () => {
    const { baseUrl, requests } = await serve(vectors);
    const texts = Array.from({ length: 130 }, (_, index) => "x".repeat(index));
    const embedder = openAi(baseUrl);
    const answers = await embedder.embed(texts, { key });
    expect(embedder.id).toBe("tiny-embed-3");
    expect(requests.map(({ body }) => body.input.length)).toEqual([64, 64, 2]);
    expect(requests[0]).toMatchObject({ url: "/v1/embeddings", authorization: "Bearer key" });
    answers.forEach(([x = 0, y = 0], index) => {
      expect(Math.hypot(x, y)).toBeCloseTo(1, 5);
      expect(x / y).toBeCloseTo(index, 3);
    });
  });

  test("asks again when the service is busy, failing, or hangs up", async () => {
    const { baseUrl, requests } = await serve((response, input, count) => {
      if (count === 1) response.writeHead(429, { "retry-after-ms": "1" }).end();
      else if (count === 2) response.writeHead(503).end();
      else if (count === 3) response.destroy();
      else vectors(response, input, count);
    });
    expect(await openAi(baseUrl).embed(["a"], { key })).toHaveLength(1);
    expect(requests).toHaveLength(4);
  });

  test("gives up with a known error, at once when it is refused", async () => {
    const { baseUrl, requests } = await serve((response) => response.writeHead(401).end());
    await expect(openAi(baseUrl).embed(["a"], { key })).rejects.toMatchObject({ code: "model_unavailable" });
    expect(requests).toHaveLength(1);
  });

  test("gives up after three repeats when the service never answers", async () => {
    const { baseUrl, requests } = await serve(() => undefined);
    await expect(openAi(baseUrl, 300).embed(["a"], { key })).rejects.toMatchObject({
      code: "model_unavailable",
    });
    expect(requests).toHaveLength(4);
  });

  test("says so when the model has other dimensions than configured", async () => {
    const { baseUrl } = await serve((response) => {
      response.end(JSON.stringify({ data: [{ index: 0, embedding: [1, 2] }] }));
    });
    await expect(openAi(baseUrl).embed(["a"], { key })).rejects.toMatchObject({ code: "misconfigured" });
  });

  test("stops when the caller does", async () => {
    const { baseUrl } = await serve(() => undefined);
    const stop = new AbortController();
    const work = openAi(baseUrl).embed(["a"], { key, signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
  });
});

test("an embedder on Workers AI asks the binding in batches of 100 and repeats what broke", async () => {
  const batches: number[] = [];
  const ai = {
    async run(_model: string, { text }: { text: string[] }) {
      batches.push(text.length);
      if (batches.length === 1) throw new Error("capacity temporarily exceeded");
      return { data: text.map((_text, index) => [index, 2]) };
    },
  };
  const embedder = createEmbedder({ kind: "workers_ai", ai, model: "@cf/baai/bge-m3", dimensions: 2 });
  const answers = await embedder.embed(new Array<string>(101).fill("a"), { key });
  expect(batches).toEqual([100, 100, 1]);
  expect(answers).toHaveLength(101);
  expect(answers[0]).toEqual(Float32Array.of(0, 1));
});

test("an answer leaves no timer behind, which would keep a Durable Object in memory", async () => {
  vi.useFakeTimers();
  const unstoppable = vi.spyOn(AbortSignal, "timeout");
  const ai = { run: async () => ({ data: [[1, 2]] }) };
  const embedder = createEmbedder({ kind: "workers_ai", ai, model: "@cf/baai/bge-m3", dimensions: 2 });
  await embedder.embed(["a"], { key });
  expect(vi.getTimerCount()).toBe(0);
  expect(unstoppable).not.toHaveBeenCalled();
  vi.restoreAllMocks();
  vi.useRealTimers();
});
