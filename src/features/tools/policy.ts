import { AppError } from "../../lib/errors.ts";
import type { ToolAction } from "../hub/protocol.ts";
import { readInput } from "./registry.ts";
import type { Tool, ToolContext } from "./types.ts";

/** Mutations of a turn that pass without asking. */
const UNASKED_MUTATIONS_MAX = 10;

export interface ApprovalFacts {
  /** The place of this tool use among the mutating ones of the turn, from 1. */
  mutationOrdinal: number;
  /** The client answers for the person. */
  autoApprove: boolean;
}

/** Whether a person has to agree first: to what destroys, and to every mutation after the tenth of a turn (spec 4). */
export function needsApproval(
  tool: Pick<Tool, "readOnly" | "destructive">,
  { mutationOrdinal, autoApprove }: ApprovalFacts,
): boolean {
  if (tool.readOnly || autoApprove) return false;
  return tool.destructive || mutationOrdinal > UNASKED_MUTATIONS_MAX;
}

export interface ApprovalDescription {
  summary: string;
  action: ToolAction;
  table: string;
  data: Record<string, unknown>;
}

/**
 * What a person is asked to agree to: the device action exactly as the tool would send it. Throws `validation_failed` on an
 * input that the tool would not take; ask `readInput` first.
 */
export function describeApproval(
  tool: Tool,
  rawInput: unknown,
  ctx: Pick<ToolContext, "timezone">,
): ApprovalDescription {
  const reading = readInput(tool, rawInput);
  if (!reading.ok) throw new AppError("validation_failed", { detail: reading.output.text });
  if (tool.approval) return tool.approval(reading.input, ctx);
  // Tools of MCP servers and plugins know of no table: their name stands in for it.
  return {
    summary: `Use ${tool.name}.`,
    action: "mcp_call",
    table: tool.name,
    data: { arguments: rawInput },
  };
}
