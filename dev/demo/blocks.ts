/** What an answer shows besides text, drawn with characters. */
import type { Block, Chart } from "../../device/index.ts";
import { paint, table } from "./terminal.ts";
import type { WorkspaceFile } from "./workspace-file.ts";

const BAR_MAX = 40;

/** The titles of referenced rows come from the person's own file: the answer holds only their ids. */
export function drawBlock(block: Block, file: WorkspaceFile): string[] {
  switch (block.type) {
    case "reference": {
      const titles = block.ids.map((id) => file.titleOf(id) ?? "a row that is gone");
      const [title, ...others] = titles;
      const named = others.length === 0 ? `${block.entity}: ${title}` : `${titles.length} ${block.entity}s`;
      return [paint.quiet(`[${named}]`)];
    }
    case "entity_ref":
      return [paint.quiet(`[${String(block.data["title"] ?? block.data["name"] ?? block.data["id"])}]`)];
    case "chart":
      return drawChart(block.chart);
    case "table":
      return table(block.headers, block.rows);
    case "timeline":
      return block.timelines.map((milestone) => `· ${String(milestone["title"] ?? milestone.id)}`);
  }
}

/** One bar for each row and series, whatever kind of chart was asked for. */
function drawChart({ title, data, config }: Chart): string[] {
  const series = Object.entries(config);
  const bars = data.flatMap((row) => {
    const category = Object.entries(row).find(([key]) => !(key in config))?.[1] ?? "";
    return series.map(([key, { label }]) => ({
      name: series.length === 1 ? String(category) : `${category}, ${label ?? key}`,
      value: Number(row[key]),
    }));
  });
  const longest = Math.max(...bars.map(({ name }) => name.length));
  const highest = Math.max(...bars.map(({ value }) => value), 1);
  const lines = bars.map(({ name, value }) => {
    const cells = value > 0 ? Math.max(1, Math.round((value / highest) * BAR_MAX)) : 0;
    return `${name.padEnd(longest)}  ${paint.accent("█".repeat(cells))} ${value}`;
  });
  return title === undefined ? lines : [paint.strong(title), ...lines];
}
