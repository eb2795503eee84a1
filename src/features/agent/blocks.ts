/** What clients with `capabilities.blocks` get instead of inline tags and Markdown tables: checked data (spec 4). */
import * as z from "zod";
import type { BlockType } from "../hub/protocol.ts";
import type { TurnEntities } from "./entities.ts";
import type { Reference } from "./inline-tags.ts";
import type { TableCells } from "./markdown-table.ts";

export interface Block {
  type: BlockType;
  data: Record<string, unknown>;
}

/** A block, and the words in it that the model wrote. */
export interface WrittenBlock {
  block: Block;
  words: string;
}

const CHART_ROWS_MAX = 1000;

export const Chart = z
  .object({
    chartType: z.enum(["area", "bar", "line", "pie", "radar", "radial"]),
    title: z.string().optional(),
    data: z
      .array(z.record(z.string(), z.union([z.string(), z.number(), z.null()])))
      .min(1)
      .max(CHART_ROWS_MAX),
    config: z.record(z.string(), z.object({ label: z.string().optional(), color: z.string().optional() })),
  })
  .refine(({ data, config }) => hasSeriesAndCategory(data, Object.keys(config)), {
    message: "every key of config must be a number in every row, beside one category key",
  });
export type Chart = z.infer<typeof Chart>;

/** Null when the text is no chart in the form of spec 4. */
export function chartBlock(json: string): WrittenBlock | null {
  const chart = Chart.safeParse(parseJson(json));
  if (!chart.success) return null;
  const { title = "", data, config } = chart.data;
  const labels = Object.values(config).map(({ label = "" }) => label);
  const categories = data.flatMap((row) => Object.values(row).filter((value) => typeof value === "string"));
  return {
    block: { type: "chart", data: chart.data },
    words: [title, ...labels, ...categories].join("\n"),
  };
}

/** Null when a row is not as long as the headers. Cells lose their inline tags. */
export function tableBlock({ headers, rows }: TableCells): WrittenBlock | null {
  if (rows.some((row) => row.length !== headers.length)) return null;
  const data = { headers: headers.map(withoutTags), rows: rows.map((row) => row.map(withoutTags)) };
  return { block: { type: "table", data }, words: [data.headers, ...data.rows].flat().join("\n") };
}

/** Several milestones are one timeline; everything else is one block a row, with what tools returned of it. */
export function referenceBlocks({ type, ids }: Reference, entities: Pick<TurnEntities, "get">): Block[] {
  const rows = ids.map((id) => entities.get(type, id)).filter((row) => row !== undefined);
  if (type === "timeline" && rows.length > 1) {
    const timelines = rows.map(({ id, title, date }) => ({ id, title, date }));
    return [{ type: "timeline", data: { timelines } }];
  }
  return rows.map((row) => ({ type: "entity_ref", data: { type, ...row } }));
}

function hasSeriesAndCategory(data: Record<string, unknown>[], series: string[]): boolean {
  const category = Object.keys(data[0] ?? {}).find((key) => !series.includes(key));
  if (series.length === 0 || category === undefined) return false;
  return data.every(
    (row) =>
      series.every((key) => typeof row[key] === "number") &&
      row[category] !== undefined &&
      Object.keys(row).length === series.length + 1,
  );
}

function withoutTags(cell: string): string {
  return cell.replace(/<(task|project|note|timeline)>\s*\[[^\]<]*\]\s*<\/\1>/g, "").trim();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
