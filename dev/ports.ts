/** Ports on 127.0.0.1, and the sentence for a person who finds one taken. */
import { createServer, type Server } from "node:net";

/** Listens and answers the port; 0 takes a free one. Throws `PortInUse`. */
export function listen(server: Server, port: number, purpose: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new PortInUse(port, purpose) : error);
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

/** A port for a child process: `wanted` if nothing listens there (else `PortInUse`), or any free one. */
export async function portFor(purpose: string, wanted = 0): Promise<number> {
  const probe = createServer();
  const port = await listen(probe, wanted, purpose);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export class PortInUse extends Error {
  constructor(port: number, purpose: string) {
    super(`Port ${port}, wanted for ${purpose}, is in use. Stop what listens there, or choose another port.`);
  }
}
