import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { searchWeb, type WebSearchConfig, webSearchStatus } from "../../src/platform/web-search.ts";
import { SEARCH_KEY, type SearchServer, startSearchServer } from "../support/search-server.ts";

const servers: SearchServer[] = [];
const { signal } = new AbortController();

async function serve(answer?: (response: ServerResponse, count: number) => boolean): Promise<SearchServer> {
  const server = await startSearchServer(answer);
  servers.push(server);
  return server;
}

function at({ url }: SearchServer, service: WebSearchConfig["service"] = "brave"): WebSearchConfig {
  return { service, baseUrl: `${url}/`, apiKey: SEARCH_KEY, random: () => 0 };
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe.each(["brave", "tavily", "searxng"] as const)("%s", (service) => {
  test("is asked as its interface says, and its answer read", async () => {
    const server = await serve();
    const results = await searchWeb(at(server, service), "otters, herons", { limit: 5, signal });
    expect(results).toEqual([
      {
        title: "Herons of the lake",
        url: "https://birds.example/herons",
        text: "A grey heron weighs about 1.5 kg.",
      },
      {
        title: "Otters",
        url: "https://otters.example/",
        text: "Otters & herons share the shore of the lake.",
      },
    ]);
    expect(server.asked).toEqual([{ query: "otters, herons", limit: service === "searxng" ? null : 5 }]);
  });

  test("gives no more than was asked for, and nothing for what is nowhere", async () => {
    const server = await serve();
    expect(await searchWeb(at(server, service), "herons", { limit: 1, signal })).toHaveLength(1);
    expect(await searchWeb(at(server, service), "zeppelins", { limit: 5, signal })).toEqual([]);
  });
});

test("a service that is busy is asked again, and not for ever", async () => {
  const once = await serve((response, count) => {
    if (count === 1) response.writeHead(429, { "retry-after": "0" }).end();
    return count === 1;
  });
  expect(await searchWeb(at(once), "herons", { limit: 5, signal })).toHaveLength(2);
  let times = 0;
  const never = await serve((response) => {
    times++;
    response.writeHead(503).end();
    return true;
  });
  await expect(searchWeb(at(never), "herons", { limit: 5, signal })).rejects.toMatchObject({
    code: "tool_unavailable",
  });
  expect(times).toBe(3);
});

test("a key that is refused, or a pause that is too long, is not tried again", async () => {
  const server = await serve();
  const config = { ...at(server), apiKey: "another" };
  await expect(searchWeb(config, "herons", { limit: 5, signal })).rejects.toMatchObject({
    code: "tool_unavailable",
  });
  let times = 0;
  const patient = await serve((response) => {
    times++;
    response.writeHead(429, { "retry-after": "30" }).end();
    return true;
  });
  await expect(searchWeb(at(patient), "herons", { limit: 5, signal })).rejects.toThrow();
  expect(times).toBe(1);
});

test.each([
  ["is no JSON", "<html>"],
  ["has another form", JSON.stringify({ web: { results: "none" } })],
  ["has no end", `"${"x".repeat(3 * 1024 * 1024)}"`],
])("an answer that %s is no answer", async (_, body) => {
  const server = await serve((response) => {
    response.end(body);
    return true;
  });
  await expect(searchWeb(at(server), "herons", { limit: 5, signal })).rejects.toMatchObject({
    code: "tool_unavailable",
  });
});

test("a service that is silent is given up, and a caller who leaves is not kept", async () => {
  const silent = await serve(() => true);
  const config = { ...at(silent), timeoutMs: 20 };
  await expect(searchWeb(config, "herons", { limit: 5, signal })).rejects.toMatchObject({
    code: "tool_unavailable",
  });
  const abort = new AbortController();
  const left = searchWeb(at(silent), "herons", { limit: 5, signal: abort.signal });
  abort.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
});

test("what comes back is plain, bounded text at addresses of pages, each once", async () => {
  const result = (url: string, title = "Title", description = "Text") => ({ url, title, description });
  const server = await serve((response) => {
    const results = [
      result("javascript:alert(1)"),
      result(
        "https://a.example/",
        "<b>Bo\u{e0041}\u202eld</b>\u0000 &#x26;&#xE0042; &lt;i&gt;",
        `${"long ".repeat(1000)}`,
      ),
      result("https://a.example/"),
      result("not an address"),
      { url: "https://b.example/" },
    ];
    response.end(JSON.stringify({ web: { results } }));
    return true;
  });
  const results = await searchWeb(at(server), "anything", { limit: 5, signal });
  expect(results.map(({ url }) => url)).toEqual(["https://a.example/", "https://b.example/"]);
  expect(results[0]?.title).toBe("Bold & <i>");
  expect(results[0]?.text).toHaveLength(600);
  expect(results[1]).toMatchObject({ title: "", text: "" });
});

test("of pages of markup the end is not looked for", async () => {
  const server = await serve((response) => {
    const description = `First ${"<b>".repeat(10_000)} last`;
    response.end(JSON.stringify({ web: { results: [{ url: "https://a.example/", description }] } }));
    return true;
  });
  const [result] = await searchWeb(at(server), "anything", { limit: 5, signal });
  expect(result?.text).toBe("First");
});

test("whether it can be reached is asked without a search", async () => {
  const server = await serve();
  expect(await webSearchStatus(at(server), signal)).toBe(200);
  expect(server.asked).toEqual([]);
});
