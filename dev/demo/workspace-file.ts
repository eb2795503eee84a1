/** The person's SQLite file, read past the device by a connection of its own: what stands there is what happened. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { z } from "zod";

const TABLES = ["tasks", "projects", "timelines", "notes", "taskComments", "clients"] as const;

/** Change with every write and say nothing. */
const BOOKKEEPING = new Set(["id", "createdAt", "updatedAt"]);
const TIMES = new Set(["dueDate", "date"]);

const Row = z.looseObject({ id: z.string() });
export type Row = z.infer<typeof Row>;

/** The rows of every table at one moment. */
export type Snapshot = ReadonlyMap<string, ReadonlyMap<string, Row>>;

export interface RowChange {
  kind: "inserted" | "updated" | "deleted";
  table: string;
  title: string;
  columns: { name: string; from: unknown; to: unknown }[];
}

export class WorkspaceFile {
  readonly #file: DatabaseSync;

  constructor(path: string) {
    this.#file = new DatabaseSync(path, { readOnly: true });
  }

  /** The first column of the rows that a query finds. */
  values(sql: string, ...parameters: SQLInputValue[]): unknown[] {
    const statement = this.#file.prepare(sql);
    statement.setReturnArrays(true);
    const rows = z.array(z.array(z.unknown())).parse(statement.all(...parameters));
    return rows.map(([value]) => value);
  }

  texts(sql: string, ...parameters: SQLInputValue[]): string[] {
    return z.array(z.string()).parse(this.values(sql, ...parameters));
  }

  number(sql: string, ...parameters: SQLInputValue[]): number {
    return z.number().parse(this.values(sql, ...parameters)[0]);
  }

  titleOf(id: string): string | undefined {
    for (const rows of this.snapshot().values()) {
      const row = rows.get(id);
      if (row) return titleIn(row);
    }
    return undefined;
  }

  snapshot(): Snapshot {
    return new Map(
      TABLES.map((table) => {
        const rows = z.array(Row).parse(this.#file.prepare(`SELECT * FROM ${table} ORDER BY id`).all());
        return [table, new Map(rows.map((row) => [row.id, row]))];
      }),
    );
  }

  close(): void {
    this.#file.close();
  }
}

export function changesBetween(before: Snapshot, after: Snapshot): RowChange[] {
  return TABLES.flatMap((table) => {
    const earlier = before.get(table) ?? new Map<string, Row>();
    const later = after.get(table) ?? new Map<string, Row>();
    const ids = new Set([...earlier.keys(), ...later.keys()]);
    return [...ids].flatMap((id) => changeOf(table, earlier.get(id), later.get(id)) ?? []);
  });
}

function changeOf(table: string, from: Row | undefined, to: Row | undefined): RowChange | undefined {
  const known = to ?? from;
  if (known === undefined) return undefined;
  const columns = Object.keys(known)
    .filter((name) => !BOOKKEEPING.has(name) && (from?.[name] ?? null) !== (to?.[name] ?? null))
    .map((name) => ({ name, from: from?.[name] ?? null, to: to?.[name] ?? null }));
  if (from !== undefined && to !== undefined && columns.length === 0) return undefined;
  const kind = from === undefined ? "inserted" : to === undefined ? "deleted" : "updated";
  return { kind, table, title: titleIn(known), columns };
}

/** One line that says what became of a row. */
export function describeChange({ kind, table, title, columns }: RowChange): string {
  if (kind === "deleted") return `${table} − “${title}”`;
  const shown = columns
    .filter(({ name, to }) => kind === "updated" || (name !== "title" && name !== "name" && to !== 0))
    .map(({ name, from, to }) => {
      const value = valueText(name, to);
      return kind === "updated" ? `${name}: ${valueText(name, from)} → ${value}` : `${name}: ${value}`;
    });
  return `${table} ${kind === "inserted" ? "+" : "~"} “${title}”  ${shown.join(", ")}`;
}

function titleIn(row: Row): string {
  return String(row["title"] ?? row["name"] ?? row["content"] ?? row.id);
}

function valueText(name: string, value: unknown): string {
  if (typeof value === "number" && TIMES.has(name)) return new Date(value).toLocaleDateString("sv-SE");
  return typeof value === "string" ? value : JSON.stringify(value);
}
