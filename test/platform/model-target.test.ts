import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ModelServer, modelServerStatus, modelTarget } from "../../src/platform/model-target.ts";

let status = 200;
let asked: { path: string | undefined; headers: IncomingHttpHeaders } | undefined;
const server = createServer(({ url: path, headers }, response) => {
  asked = { path, headers };
  response.writeHead(status).end("{}");
});
let baseUrl: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function statusOf(model: ModelServer): Promise<number> {
  return modelServerStatus(model, new AbortController().signal);
}

it.each([200, 401, 404, 529])("tells the status %d that the model server answers", async (answered) => {
  status = answered;
  expect(await statusOf({ baseUrl, apiKey: "a-key" })).toBe(answered);
});

it("asks after the server exactly as turns ask it: same key, same version of the API", async () => {
  await statusOf({ baseUrl, apiKey: "a-key" });
  const { headers } = await modelTarget({ baseUrl, apiKey: "a-key" }, "post", "/v1/messages");
  expect(asked?.path).toBe("/v1/models?limit=1");
  for (const name of ["authorization", "x-api-key", "anthropic-version"]) {
    expect(headers.get(name), name).toMatch(/\w/);
    expect(asked?.headers[name], name).toBe(headers.get(name));
  }
});

it("is Anthropic's own server unless told, and the key goes there once", async () => {
  const { url, headers } = await modelTarget({ apiKey: "a-key" }, "post", "/v1/messages");
  expect(url).toBe("https://api.anthropic.com/v1/messages");
  expect(headers.get("authorization")).toBe("Bearer a-key");
  expect(headers.get("x-api-key")).toBeNull();
  expect(headers.get("content-type")).toBe("application/json");
});
