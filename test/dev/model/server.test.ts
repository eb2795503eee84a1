import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LoggedRequest } from "../../../dev/model/log.ts";
import { type ModelServer, startModelServer } from "../../../dev/model/server.ts";

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterEach(() => server.reset());
afterAll(() => server.close());

const HEADERS = {
  "x-api-key": "test",
  "anthropic-version": "2026-10-21",
  "content-type": "application/json",
};

function post(path: string, body: unknown, headers: Record<string, string> = HEADERS): Promise<Response> {
  return fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

function ask(part: object = {}): object {
  return { model: "stand-in", max_tokens: 100, messages: [{ role: "user", content: "Hello" }], ...part };
}

const textReply = (text: string) => ({ content: [{ type: "text" as const, text }] });

async function textOf(response: Response): Promise<string> {
  const message: { content: { text: string }[] } = await response.json();
  return message.content.map(({ text }) => text).join("");
}

describe("the Messages API of the stand-in", () => {
  it("answers whole when no stream is asked for", async () => {
    const response = await post("/v1/messages", ask());
    expect(response.headers.get("request-id")).toMatch(/^req_/);
    expect(await response.json()).toMatchObject({
      type: "message",
      role: "assistant",
      model: "stand-in",
      stop_reason: "end_turn",
      content: [{ type: "text", text: expect.any(String) }],
      usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
    });
  });

  it("streams the events in the API's order", async () => {
    server.loadScript({
      exchanges: [
        {
          reply: {
            content: [
              { type: "text", chunks: ["Hi", " there"] },
              { type: "tool_use", name: "t", input: { a: 1 } },
            ],
          },
        },
      ],
    });
    const response = await post("/v1/messages", ask({ stream: true }));
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const types = [...(await response.text()).matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    expect(types).toEqual([
      "message_start",
      "ping",
      ...["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"],
      ...["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"],
      "message_delta",
      "message_stop",
    ]);
  });

  it("says that it is well", async () => {
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ status: "ok" });
  });

  it("lists its models", async () => {
    const models: { data: { id: string }[] } = await (await fetch(`${server.url}/v1/models?limit=1`)).json();
    expect(models.data.map(({ id }) => id)).toContain("stand-in");
  });

  it("knows no other address", async () => {
    expect((await post("/v1/complete", {})).status).toBe(404);
    expect((await post("/_control/nonsense", {})).status).toBe(404);
  });
});

describe("requests that the API would refuse", () => {
  const use = { type: "tool_use", id: "toolu_1", name: "t", input: {} };
  const result = { type: "tool_result", tool_use_id: "toolu_1", content: "x" };
  const tool = (cached: boolean) => ({
    name: `t${Math.random()}`.replace(".", ""),
    input_schema: { type: "object" },
    ...(cached && { cache_control: { type: "ephemeral" } }),
  });

  it.each<[string, object]>([
    ["no messages", { messages: [] }],
    ["empty text", { messages: [{ role: "user", content: [{ type: "text", text: "" }] }] }],
    ["no token limit", { max_tokens: undefined }],
    ["a sampling temperature", { temperature: 0.5 }],
    [
      "an answer put into the model's mouth",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
        ],
      },
    ],
    [
      "a tool use without its result",
      {
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: [use] },
          { role: "user", content: "b" },
        ],
      },
    ],
    ["a result without its tool use", { messages: [{ role: "user", content: [result] }] }],
    ["more cache marks than four", { tools: Array.from({ length: 5 }, () => tool(true)) }],
    [
      "two tools of one name",
      {
        tools: [
          { ...tool(false), name: "t" },
          { ...tool(false), name: "t" },
        ],
      },
    ],
  ])("refuses %s", async (_, part) => {
    const response = await post("/v1/messages", ask(part));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
  });

  it("takes tool results that answer their tool uses", async () => {
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", content: [use] },
      { role: "user", content: [result] },
    ];
    expect((await post("/v1/messages", ask({ messages }))).status).toBe(200);
  });

  it("wants a key and a version", async () => {
    const { "x-api-key": _, ...keyless } = HEADERS;
    expect((await post("/v1/messages", ask(), keyless)).status).toBe(401);
    const { "anthropic-version": __, ...versionless } = HEADERS;
    expect((await post("/v1/messages", ask(), versionless)).status).toBe(400);
  });
});

describe("scripted exchanges", () => {
  it("come in their order, then the rules answer again", async () => {
    await post("/_control/script", { exchanges: [{ reply: textReply("one") }, { reply: textReply("two") }] });
    expect(await textOf(await post("/v1/messages", ask()))).toBe("one");
    expect(await textOf(await post("/v1/messages", ask()))).toBe("two");
    expect(await textOf(await post("/v1/messages", ask()))).toContain("Hello!");
    expect(server.requests().map((entry) => entry.source)).toEqual(["script", "script", "rules"]);
  });

  it("are found by what the user or a tool said", async () => {
    server.loadScript({
      exchanges: [
        { when: { userText: "weather" }, reply: textReply("Sunny.") },
        { when: { toolResult: "42 rows" }, reply: textReply("Many.") },
      ],
    });
    const messages = [
      { role: "user", content: "count" },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "t", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "42 rows" }] },
    ];
    expect(await textOf(await post("/v1/messages", ask({ messages })))).toBe("Many.");
    const weather = ask({ messages: [{ role: "user", content: "The Weather?" }] });
    expect(await textOf(await post("/v1/messages", weather))).toBe("Sunny.");
    expect(await textOf(await post("/v1/messages", weather))).toBe("Sunny.");
  });

  it("belong to requests that hold their mark, so that tests can share a server", async () => {
    server.loadScript({ match: "mark-a", exchanges: [{ reply: textReply("for a") }] });
    server.loadScript({ match: "mark-b", exchanges: [{ reply: textReply("for b") }] });
    const marked = (mark: string) => ask({ system: mark });
    expect(await textOf(await post("/v1/messages", marked("mark-b")))).toBe("for b");
    server.reset("mark-b");
    expect(await textOf(await post("/v1/messages", marked("mark-a")))).toBe("for a");
    expect(server.requests("mark-b")).toEqual([]);
    expect(server.requests("mark-a")).toHaveLength(1);
  });

  it("fail loudly when strict and none fits", async () => {
    server.loadScript({
      strict: true,
      exchanges: [{ when: { userText: "never said" }, reply: textReply("x") }],
    });
    expect((await post("/v1/messages", ask())).status).toBe(500);
  });

  it("stay to come when a fault kept them from arriving", async () => {
    server.loadScript({ exchanges: [{ reply: textReply("once") }] });
    server.addFaults({ kind: "overloaded" });
    expect((await post("/v1/messages", ask())).status).toBe(529);
    expect(await textOf(await post("/v1/messages", ask()))).toBe("once");
  });

  it("are sent from memory in fast mode, chosen by the body alone", async () => {
    const words = Array.from({ length: 20 }, (_, index) => `word${index} `);
    server.loadScript({
      fast: true,
      exchanges: [
        { when: { body: '"tool_result"' }, reply: { content: [{ type: "text", chunks: words }] } },
        { when: { body: "" }, reply: { content: [{ type: "tool_use", name: "list_tasks" }] } },
      ],
    });
    const first = await (await post("/v1/messages", ask({ stream: true }))).text();
    expect(first).toContain('"name":"list_tasks"');
    const second = await (await post("/v1/messages", { anything: [{ type: "tool_result" }] })).text();
    expect(second.match(/text_delta/g)).toHaveLength(20);
    expect(server.requests()).toEqual([]);
  });
});

describe("faults on demand", () => {
  it("can be queued over HTTP, matched, put off and repeated", async () => {
    const faults = [{ kind: "rate_limit", match: "mark-c", skip: 1, times: 2, retryAfter: "7" }];
    expect(await (await post("/_control/faults", faults)).json()).toMatchObject({ pending: faults });
    const statuses = async (body: object) => (await post("/v1/messages", body)).status;
    const marked = ask({ system: "mark-c" });
    expect(await statuses(ask())).toBe(200);
    expect(await statuses(marked)).toBe(200);
    const limited = await post("/v1/messages", marked);
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await statuses(marked)).toBe(429);
    expect(await statuses(marked)).toBe(200);
  });

  it("can come with the request itself", async () => {
    const headers = {
      ...HEADERS,
      "x-model-fault": JSON.stringify({
        kind: "status",
        status: 413,
        type: "request_too_large",
        message: "!",
      }),
    };
    expect((await post("/v1/messages", ask(), headers)).status).toBe(413);
  });

  it("refuses a fault that it does not know", async () => {
    expect((await post("/_control/faults", { kind: "earthquake" })).status).toBe(400);
  });
});

describe("the log of requests", () => {
  it("tells over HTTP what was asked and answered, and forgets on demand", async () => {
    await post("/v1/messages", ask({ messages: [{ role: "user", content: "Hello mark-d" }] }));
    await post("/v1/messages", ask());
    const read = async (): Promise<{ count: number; requests: LoggedRequest[] }> =>
      (await fetch(`${server.url}/_control/requests?match=mark-d`)).json();
    expect(await read()).toMatchObject({
      count: 1,
      requests: [{ status: 200, outcome: "answered", userText: "Hello mark-d", toolResults: [] }],
    });
    await post("/_control/reset", { match: "mark-d" });
    expect((await read()).count).toBe(0);
    expect(server.requests()).toHaveLength(1);
  });
});

describe("figures", () => {
  it("count a marked prefix as written once and read from then on", async () => {
    const system = [{ type: "text", text: "Stable ".repeat(50), cache_control: { type: "ephemeral" } }];
    const usage = async (content: string) => {
      const response = await post("/v1/messages", ask({ system, messages: [{ role: "user", content }] }));
      const message: { usage: Record<string, number> } = await response.json();
      return message.usage;
    };
    const first = await usage("Hello");
    const second = await usage("Something longer than before");
    expect(first).toMatchObject({ cache_read_input_tokens: 0 });
    expect(second).toMatchObject({
      cache_read_input_tokens: first.cache_creation_input_tokens,
      cache_creation_input_tokens: 0,
    });
  });
});

describe("the stand-in as a program", () => {
  const program = join(import.meta.dirname, "../../../dev/model/main.ts");

  function start(...options: string[]) {
    const child = spawn(process.execPath, [program, ...options], { stdio: ["ignore", "pipe", "pipe"] });
    const said = { text: "" };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said.text += chunk));
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    return { child, said, ended };
  }

  it("says where it listens, and ends when told to", async () => {
    const { child, said, ended } = start("--port", "0");
    await expect.poll(() => said.text, { timeout: 20_000 }).toMatch(/listens on http:\/\/127\.0\.0\.1:\d+/);
    const url = /http:\S+/.exec(said.text)?.[0] ?? "";
    expect((await fetch(`${url}/health`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("says what to do when the port is taken", async () => {
    const { said, ended } = start("--port", String(server.port));
    expect(await ended).toBe(1);
    expect(said.text).toContain(`Port ${server.port} is in use`);
  });
});
