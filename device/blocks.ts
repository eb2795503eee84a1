/** What an answer shows besides text: references to rows, charts, tables, milestones (spec 4, "Output conventions"). */
import * as z from "zod";
import type { BlockType } from "../src/features/hub/protocol.ts";

export const Entity = z.enum(["task", "project", "note", "timeline"]);
export type Entity = z.infer<typeof Entity>;

const Row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** Every key of `config` is a number in every row, and exactly one more key names the category. */
export const Chart = z
  .object({
    chartType: z.enum(["area", "bar", "line", "pie", "radar", "radial"]),
    title: z.string().optional(),
    data: z.array(Row).min(1).max(1000),
    config: z.record(z.string(), z.object({ label: z.string().optional(), color: z.string().optional() })),
  })
  .refine(({ data, config }) => hasSeriesAndCategory(data, Object.keys(config)), {
    message: "every key of config must be a number in every row, beside one category key",
  });
export type Chart = z.infer<typeof Chart>;

export const Table = z
  .object({ headers: z.array(z.string()).min(1), rows: z.array(z.array(z.string())) })
  .refine(({ headers, rows }) => rows.every((row) => row.length === headers.length), {
    message: "every row must be as long as the headers",
  });
export type Table = z.infer<typeof Table>;

const Milestones = z.object({ timelines: z.array(z.looseObject({ id: z.string() })) });

export type Block =
  /** Rows named by an inline tag; look them up in the device's own database. */
  | { type: "reference"; entity: Entity; ids: string[] }
  | { type: "chart"; chart: Chart }
  | ({ type: "table" } & Table)
  | ({ type: "timeline" } & z.infer<typeof Milestones>)
  /** A row that a tool returned in this turn, resolved by the hub. */
  | { type: "entity_ref"; data: Record<string, unknown> };

/** A `stream_block`, checked; null when its data does not fit its type. */
export function parseBlock(type: BlockType, data: Record<string, unknown>): Block | null {
  switch (type) {
    case "chart": {
      const chart = Chart.safeParse(data);
      return chart.success ? { type, chart: chart.data } : null;
    }
    case "table": {
      const table = Table.safeParse(data);
      return table.success ? { type, ...table.data } : null;
    }
    case "timeline": {
      const milestones = Milestones.safeParse(data);
      return milestones.success ? { type, ...milestones.data } : null;
    }
    case "entity_ref":
      return { type, data };
  }
}

function hasSeriesAndCategory(data: z.infer<typeof Row>[], series: string[]): boolean {
  const first = data[0];
  if (first === undefined || series.length === 0) return false;
  const categories = Object.keys(first).filter((key) => !series.includes(key));
  const category = categories[0];
  if (categories.length !== 1 || category === undefined) return false;
  return data.every(
    (row) =>
      series.every((key) => typeof row[key] === "number") &&
      row[category] !== undefined &&
      Object.keys(row).length === series.length + 1,
  );
}
