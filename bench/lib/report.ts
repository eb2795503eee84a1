/** Figures as a table and as JSON. */

export interface Row {
  figure: string;
  unit: string;
  ours: number;
  /** The same measured on the floor, in the same run. */
  floor?: number;
  /** On the ratio to the floor, or on the value itself. */
  aim?: { atMost: number } | { atLeast: number } | { atMostValue: number };
}

export interface Judged extends Row {
  ratio: number | null;
  met: boolean | null;
}

export function judge(row: Row): Judged {
  const ratio = row.floor === undefined ? null : row.ours / row.floor;
  return { ...row, ratio, met: row.aim ? isMet(row, ratio ?? Number.NaN) : null };
}

function isMet({ ours, aim }: Row, ratio: number): boolean {
  if (!aim) return true;
  if ("atMost" in aim) return ratio <= aim.atMost;
  if ("atLeast" in aim) return ratio >= aim.atLeast;
  return ours <= aim.atMostValue;
}

export function table(rows: readonly Judged[]): string {
  const cells = rows.map((row) => [
    row.figure,
    number(row.ours),
    row.floor === undefined ? "" : number(row.floor),
    row.unit,
    row.ratio === null ? "" : `${row.ratio.toFixed(2)} ×`,
    aimText(row),
    row.met === null ? "" : row.met ? "met" : "MISSED",
  ]);
  const head = ["figure", "adjutant", "floor", "unit", "ratio", "aim", ""];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]!.length)),
  );
  const line = (parts: string[]) =>
    `| ${parts.map((part, column) => part.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...cells.map(line)].join("\n");
}

function aimText({ aim, unit }: Row): string {
  if (!aim) return "";
  if ("atMost" in aim) return `≤ ${aim.atMost} ×`;
  if ("atLeast" in aim) return `≥ ${aim.atLeast} ×`;
  return `≤ ${aim.atMostValue} ${unit}`;
}

function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
