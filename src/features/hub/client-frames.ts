import type * as z from "zod";
import { ClientFrame, ID_CHARS_MAX, ROWS_MAX, type ToolResult } from "./protocol.ts";

const SCHEMAS: ReadonlyMap<unknown, z.ZodType<ClientFrame>> = new Map(
  ClientFrame.options.map((frame) => [frame.shape.type.value, frame]),
);

type Fields = Record<string, unknown>;

/** Reads one frame of a client by its own schema: an unknown `type` fails as the union would, only sooner. */
export function readClientFrame(raw: unknown): z.ZodSafeParseResult<ClientFrame> {
  const plain = plainResult(raw);
  if (plain) return { success: true, data: plain };
  const type = isObject(raw) ? raw["type"] : undefined;
  return (SCHEMAS.get(type) ?? ClientFrame).safeParse(raw);
}

/**
 * A tool result of the kinds that nearly all are, as its schema would give it; anything else, right or wrong, is the
 * schema's to judge. It takes a tenth of the schema's time, and a device sends hundreds of them.
 */
export function plainResult(raw: unknown): ToolResult | undefined {
  if (!isObject(raw) || raw["type"] !== "tool_result") return undefined;
  const { id, epoch, row, rows, results, deleted, ok, error } = raw;
  if (!isId(id) || !isCount(epoch) || results !== undefined || error !== undefined) return undefined;
  const head = { type: "tool_result", id, epoch } as const;
  if (rows !== undefined) {
    const isAlone = row === undefined && deleted === undefined && ok === undefined;
    return isAlone && isRows(rows) ? { ...head, rows } : undefined;
  }
  if (row !== undefined) {
    const isAlone = deleted === undefined && ok === undefined;
    return isAlone && (row === null || isRow(row)) ? { ...head, row } : undefined;
  }
  if (deleted !== undefined) {
    return typeof deleted === "boolean" && ok === undefined ? { ...head, deleted } : undefined;
  }
  return typeof ok === "boolean" ? { ...head, ok } : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= ID_CHARS_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRow(value: unknown): value is Fields {
  return isObject(value) && !Array.isArray(value);
}

function isRows(value: unknown): value is Fields[] {
  return Array.isArray(value) && value.length <= ROWS_MAX && value.every(isRow);
}
