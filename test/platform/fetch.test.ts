import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EgressConfig, EgressProblem, fetchPublic, refuseAddress } from "../../src/platform/fetch.ts";
import { startResolver, startWeb, type WebServer } from "../support/web.ts";

const MB = 1024 * 1024;

const PAGES: Record<string, RequestListener> = {
  "/page": (_, response) => response.setHeader("content-type", "text/html; charset=utf-8").end("<p>Otters"),
  "/missing": (_, response) => response.writeHead(404).end("gone"),
  "/private": (_, response) => response.writeHead(403).end(),
  "/broken": (_, response) => response.writeHead(503).end(),
  "/busy": (_, response) => response.writeHead(429).end(),
  "/teapot": (_, response) => response.writeHead(418).end(),
  "/cookie": (_, response) => {
    response.writeHead(302, { location: "/page", "set-cookie": "session=1" }).end();
  },
  "/nowhere": (_, response) => response.writeHead(302).end(),
  "/loop": (_, response) => response.writeHead(302, { location: "/loop" }).end(),
  "/large": (_, response) => response.end(Buffer.alloc(3 * MB)),
  "/bomb": (_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(50 * MB)));
  },
  "/endless": (_, response) => void response.write("a beginning and no end"),
  "/silent": () => {},
  "/cut": (_, response) => {
    response.writeHead(200, { "content-length": "100" }).write("short");
    setImmediate(() => response.destroy());
  },
};

let web: WebServer;
let inner: WebServer;
let resolver: WebServer;
let config: EgressConfig;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://web");
    if (pathname === "/to") return response.writeHead(302, { location: searchParams.get("url") ?? "" }).end();
    const hops = Number(/^\/hops\/(\d+)$/.exec(pathname)?.[1] ?? Number.NaN);
    if (hops >= 0) return response.writeHead(307, { location: hops ? `/hops/${hops - 1}` : "/page" }).end();
    PAGES[pathname]?.(request, response);
  });
  inner = await startWeb((_, response) => response.end("the secret of an inner server"));
  resolver = await startResolver({
    "inner.example.com": ["10.1.2.3"],
    "mixed.example.com": ["93.184.215.14", "169.254.169.254"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "loopback.example.com": ["127.0.0.1", "::1"],
  });
  config = {
    resolverUrl: `http://${resolver.host}/dns-query`,
    ports: [80, 443],
    allowHosts: [web.host],
    timeoutMs: 20_000,
  };
});

afterAll(() => Promise.all([web.close(), inner.close(), resolver.close()]));

const at = (path: string) => `http://${web.host}${path}`;
const get = (address: string, changes: Partial<EgressConfig> = {}) =>
  fetchPublic({ ...config, ...changes }, address, { bytesMax: MB });

async function problemAt(address: string, changes: Partial<EgressConfig> = {}): Promise<EgressProblem> {
  const problem = await get(address, changes).catch((error: unknown) => error);
  if (problem instanceof EgressProblem) return problem;
  throw new Error(`not refused: ${String(problem)}`);
}

test("a page comes with what the server says it is, and the server learns nothing but who asks", async () => {
  const page = await get(at("/page#part"));
  expect(new TextDecoder().decode(page.bytes)).toBe("<p>Otters");
  expect(page).toMatchObject({ type: "text/html; charset=utf-8", url: at("/page") });
  const { headers } = web.asked.at(-1)!;
  expect(headers["user-agent"]).toBe("Adjutant document fetcher");
  expect(headers).not.toHaveProperty("cookie");
  expect(headers).not.toHaveProperty("referer");
});

test("cookies of one hop are not sent with the next", async () => {
  await get(at("/cookie"));
  expect(web.asked.at(-1)).toMatchObject({ path: "/page" });
  expect(web.asked.at(-1)?.headers).not.toHaveProperty("cookie");
});

describe("addresses that are not fetched", () => {
  test.each(
    `ftp://example.com/ file:///etc/passwd gopher://example.com/ data:text/plain,hello javascript:alert(1) http:// https:///
     /page example.com`.split(/\s+/),
  )("%s is no address of the web", async (address) => {
    expect(await problemAt(address)).toMatchObject({ code: "address", isPassing: false });
  });

  test("credentials in it", async () => {
    expect(await problemAt("http://user:word@example.com/")).toMatchObject({ code: "address" });
  });

  test.each(
    `http://127.0.0.1/ http://127.1/ http://2130706433/ http://0x7f000001/ http://0177.0.0.1/ http://0/ http://[::1]/
     http://[::ffff:127.0.0.1]/ http://[64:ff9b::7f00:1]/ http://[fd00::1]/ http://[fe80::1]/ http://169.254.169.254/latest/
     http://10.0.0.1/ http://192.168.1.1/ http://172.20.0.1/ http://100.64.0.1/ http://224.0.0.1/ http://１２７.０.０.１/
     http://①②⑦.0.0.1/ http://localhost/ http://LOCALHOST./ http://a.localhost/ http://metadata.google.internal/
     http://localhost../ http://127.0.0.1.../ http://printer.local/ http://intranet/ https://router.home.arpa/`.split(
      /\s+/,
    ),
  )("%s leads inside", async (address) => {
    expect(await problemAt(address)).toMatchObject({ code: "blocked", isPassing: false });
    expect(() => refuseAddress(config, address)).toThrow(EgressProblem);
  });

  test("an inner server on another port, though its address is allowed on this one", async () => {
    expect(await problemAt(`http://${inner.host}/`)).toMatchObject({ code: "blocked" });
    expect(await problemAt("http://example.com:22/")).toMatchObject({
      message: "Only the ports 80 and 443 are fetched from.",
    });
    expect(inner.asked).toEqual([]);
  });

  test.each(["inner", "mixed", "mapped", "loopback"])(
    "a name of which one address lies inside (%s)",
    async (name) => {
      expect(await problemAt(`https://${name}.example.com/`)).toMatchObject({ code: "blocked" });
    },
  );

  test("a name that does not exist, and any name while the resolver is away", async () => {
    expect(await problemAt("https://unknown.example.com/")).toMatchObject({
      code: "unreachable",
      message: "There is no server of this name.",
    });
    const away = { resolverUrl: "http://127.0.0.1:9/" };
    expect(await problemAt("https://inner.example.com/", away)).toMatchObject({ isPassing: true });
  });
});

describe("redirects", () => {
  test("up to five are followed", async () => {
    expect(await get(at("/hops/4"))).toMatchObject({ url: at("/page") });
    expect(await problemAt(at("/hops/5"))).toMatchObject({ code: "redirects" });
    expect(await problemAt(at("/loop"))).toMatchObject({ code: "redirects" });
    expect(await problemAt(at("/nowhere"))).toMatchObject({ code: "redirects" });
  });

  test.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "//127.0.0.1/",
    "http://loopback.example.com/",
    "http://localhost/",
  ])("one to %s is not", async (target) => {
    expect(await problemAt(at(`/to?url=${encodeURIComponent(target)}`))).toMatchObject({ code: "blocked" });
  });

  test("one to an inner server never reaches it", async () => {
    expect(await problemAt(at(`/to?url=http://${inner.host}/`))).toMatchObject({ code: "blocked" });
    expect(inner.asked).toEqual([]);
  });

  test("one to another scheme or with credentials is not", async () => {
    for (const target of ["file:///etc/passwd", "http://user:word@example.com/"]) {
      expect(await problemAt(at(`/to?url=${encodeURIComponent(target)}`))).toMatchObject({ code: "address" });
    }
  });
});

describe("what servers answer", () => {
  test.each([
    ["/missing", false, "The server answered 404: there is nothing at this address."],
    ["/private", false, "The server answered 403: it gives this to nobody who has not signed in."],
    ["/teapot", false, "The server answered 418."],
    ["/broken", true, "The server answered 503: it could not deliver this now."],
    ["/busy", true, "The server answered 429: it could not deliver this now."],
  ])("%s is told in words (passing: %s)", async (path, isPassing, message) => {
    expect(await problemAt(at(path))).toMatchObject({ code: "status", isPassing, message });
  });

  test("more than allowed is not read, packed or not", async () => {
    for (const path of ["/large", "/bomb"]) {
      expect(await problemAt(at(path))).toMatchObject({
        code: "too_large",
        message: "There is more than the 1 MB that can be read.",
      });
    }
  });

  test.each(["/silent", "/endless"])("%s is given up after the time there is", async (path) => {
    expect(await problemAt(at(path), { timeoutMs: 300 })).toMatchObject({ code: "timeout", isPassing: true });
  });

  test("a connection that breaks, or that is refused, may work later", async () => {
    expect(await problemAt(at("/cut"))).toMatchObject({ code: "unreachable", isPassing: true });
    const nobody = { allowHosts: ["127.0.0.1:9"] };
    expect(await problemAt("http://127.0.0.1:9/", nobody)).toMatchObject({
      code: "unreachable",
      isPassing: true,
    });
  });
});
