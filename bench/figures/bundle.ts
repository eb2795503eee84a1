import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { Row } from "../lib/report.ts";
import type { Systems } from "../lib/systems.ts";

const KIB = 1024;

/** Size of what a deploy uploads, script by script. */
export async function measureBundle({ scripts }: Systems): Promise<Row[]> {
  return [
    {
      figure: "bundle, gzip",
      unit: "KiB",
      ours: await gzippedKib(scripts.main),
      aim: { atMostValue: 1024 },
    },
    {
      figure: "bundle of ingest, gzip",
      unit: "KiB",
      ours: await gzippedKib(scripts.ingest),
      aim: { atMostValue: 2048 },
    },
  ];
}

async function gzippedKib(path: string): Promise<number> {
  return gzipSync(await readFile(path), { level: 9 }).length / KIB;
}
