import { createServer, type RequestListener, type Server, request as send } from "node:http";
import type { AddressInfo } from "node:net";

export interface Tap {
  url: string;
  close(): void;
}

/** Passes every request on to `target` and counts it. */
export async function tap(target: string, onRequest: () => void): Promise<Tap> {
  const server = createServer(forwardTo(new URL(target), onRequest));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: addressOf(server), close: () => server.closeAllConnections() };
}

function forwardTo(target: URL, onRequest: () => void): RequestListener {
  return (request, response) => {
    onRequest();
    const { method, headers, url } = request;
    const onward = send(
      { host: target.hostname, port: target.port, path: url, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  };
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
