import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { Row } from "../lib/report.ts";
import type { Systems } from "../lib/systems.ts";

/** Size of what a deploy uploads. */
export async function measureBundle({ script }: Systems): Promise<Row[]> {
  const bundle = await readFile(script);
  return [
    {
      figure: "bundle, gzip",
      unit: "KiB",
      ours: gzipSync(bundle, { level: 9 }).length / 1024,
      aim: { atMostValue: 1024 },
    },
  ];
}
