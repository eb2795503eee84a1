import { Hono } from "hono";
import { expect, test } from "vitest";
import { AppError } from "../../src/lib/errors.ts";
import {
  answerError,
  identifyRequest,
  limitBody,
  logRequests,
  type ShellVariables,
  secureHeaders,
} from "../../src/lib/http.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { Problem } from "../../src/lib/problem.ts";

function shell(failure: unknown) {
  const lines: string[] = [];
  const app = new Hono<{ Variables: ShellVariables }>();
  app.use(
    identifyRequest(createLogger({}, (_, line) => lines.push(line))),
    secureHeaders,
    logRequests,
    limitBody(10),
  );
  app.onError(answerError);
  app.get("/fails", () => {
    throw failure;
  });
  app.post("/reads", async (c) => c.text(await c.req.text()));
  return { app, lines };
}

test.each([
  new Error("canary: select * from users"),
  new AppError("internal", { detail: "canary: the key of row 7 is another" }),
])(
  "a fault of ours answers a fixed sentence with the request id; the log has the rest (%#)",
  async (fault) => {
    const { app, lines } = shell(fault);
    const response = await app.request("/fails");
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain("canary");
    const problem = Problem.parse(JSON.parse(text));
    expect(problem).toMatchObject({ code: "internal", request_id: response.headers.get("x-request-id") });
    expect(problem.detail).toContain(problem.request_id);
    const failed = lines.map((line) => JSON.parse(line)).find(({ event }) => event === "request.failed");
    expect(failed).toMatchObject({ level: "error", request_id: problem.request_id, error_name: fault.name });
    expect(lines.join()).not.toContain("canary");
  },
);

test("an error of the catalogue keeps its words, its status and its wait", async () => {
  const { app, lines } = shell(new AppError("busy", { detail: "Four turns are running.", retryAfterS: 1.2 }));
  const response = await app.request("/fails");
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("2");
  expect(await response.json()).toMatchObject({
    code: "busy",
    detail: "Four turns are running.",
    instance: "/fails",
  });
  expect(lines.join()).not.toContain("request.failed");
});

test("the request line has the status and no path, which a caller could fill with anything", async () => {
  const { app, lines } = shell(null);
  await app.request("/secret-canary?q=canary");
  const line = lines.map((each) => JSON.parse(each)).find(({ event }) => event === "request.ended");
  expect(line).toMatchObject({ method: "GET", status: 404 });
  expect(lines.join()).not.toContain("canary");
});

test("a body in chunks is cut off at the byte that passes the limit", async () => {
  const { app } = shell(null);
  const pulled: number[] = [];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled.push(4);
      controller.enqueue(new Uint8Array(4));
      if (pulled.length === 100) controller.close();
    },
  });
  const init = { method: "POST", body, duplex: "half" };
  const response = await app.request(new Request("http://x/reads", init));
  expect(response.status).toBe(413);
  expect(pulled.length).toBeLessThan(20);
  const declared = await app.request("/reads", {
    method: "POST",
    body: "x",
    headers: { "content-length": "11" },
  });
  expect(declared.status).toBe(413);
  const fits = await app.request("/reads", { method: "POST", body: "1234567890" });
  expect(await fits.text()).toBe("1234567890");
});
