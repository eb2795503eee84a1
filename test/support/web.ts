/** Servers that stand for the web and for its names. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface WebServer {
  /** `127.0.0.1:port`. */
  host: string;
  /** What was asked for: method and path. */
  asked: { path: string; headers: IncomingMessage["headers"] }[];
  close(): Promise<void>;
}

export async function startWeb(answer: RequestListener): Promise<WebServer> {
  const asked: WebServer["asked"] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? "", headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close: () => closed(server) };
}

/** Answers as public resolvers do, in JSON; names that it does not know do not exist. */
export function startResolver(names: Readonly<Record<string, readonly string[]>>): Promise<WebServer> {
  return startWeb((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://resolver");
    const [name = "", type] = [searchParams.get("name") ?? "", Number(searchParams.get("type"))];
    const addresses = names[name]?.filter((address) => address.includes(":") === (type === 28));
    const records = addresses?.map((data) => ({ name, type, TTL: 60, data }));
    response.setHeader("content-type", "application/dns-json");
    response.end(JSON.stringify({ Status: addresses ? 0 : 3, ...(records && { Answer: records }) }));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
