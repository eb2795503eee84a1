/** Tools that create, change or delete one row: what they send, what they ask the person, and how the answer reads. */
import type { z } from "zod";
import type { DeviceCall, DeviceRow, Tool, ToolContext, ToolOutput } from "../../tools/types.ts";
import type { WorkspaceTable } from "../schema.ts";
import { changedAnswer, failure, type Noun, notFound } from "./answers.ts";

interface Mutation<Input> {
  name: string;
  description: string;
  table: WorkspaceTable;
  noun: Noun;
  input: z.ZodType<Input>;
}

interface Writing<Input> extends Mutation<Input> {
  label: string;
  line(row: DeviceRow, timezone: string): string;
  /** What else a row that was written needs; answers what the model reads. */
  followUp?(answer: ToolOutput, row: DeviceRow, ctx: ToolContext): Promise<ToolOutput>;
}

interface Creation<Input> extends Writing<Input> {
  /** One sentence, should the person be asked. */
  summary(input: Input): string;
  /** As in "Created 1 task:". */
  done?: string;
  row(input: Input, timezone: string): DeviceRow;
}

interface Update<Input> extends Writing<Input> {
  change(input: Input, timezone: string): { id: string; updates: DeviceRow };
}

interface Target {
  id: string;
}

export function creationTool<Input>(creation: Creation<Input>): Tool<Input> {
  const { table, noun, summary, done = "Created" } = creation;
  const callOf = (input: Input, timezone: string) =>
    ({ action: "insert", table, data: creation.row(input, timezone) }) satisfies DeviceCall;
  return {
    ...described(creation),
    readOnly: false,
    idempotent: false,
    destructive: false,
    approval: (input, { timezone }) => ({ summary: summary(input), ...callOf(input, timezone) }),
    run: (input, ctx) =>
      write(creation, callOf(input, ctx.timezone), ctx, { done: `${done} 1 ${noun.one}:` }),
  };
}

export function updateTool<Input>(update: Update<Input>): Tool<Input> {
  const { table, noun } = update;
  const callOf = (input: Input, timezone: string) =>
    ({ action: "update", table, data: update.change(input, timezone) }) satisfies DeviceCall;
  return {
    ...described(update),
    readOnly: false,
    idempotent: true,
    destructive: false,
    approval: (input, { timezone }) => {
      const call = callOf(input, timezone);
      return { summary: `Change a ${noun.one}: ${Object.keys(call.data.updates).join(", ")}.`, ...call };
    },
    run: (input, ctx) => {
      const call = callOf(input, ctx.timezone);
      return write(update, call, ctx, { done: `Updated 1 ${noun.one}:`, id: call.data.id });
    },
  };
}

/** A tool that deletes one row, which always asks the person first. */
export function deletionTool({ table, noun, ...mutation }: Mutation<Target>): Tool<Target> {
  const callOf = ({ id }: Target) => ({ action: "delete", table, data: { id } }) satisfies DeviceCall;
  return {
    ...mutation,
    readOnly: false,
    idempotent: true,
    destructive: true,
    label: `Deleting a ${noun.one}`,
    approval: (target) => ({ summary: `Delete a ${noun.one} for good.`, ...callOf(target) }),
    async run(target, ctx) {
      const outcome = await ctx.device(callOf(target));
      if (outcome.kind !== "deleted") return failure(outcome, "change");
      return outcome.deleted
        ? { text: `Deleted the ${noun.one} [${target.id}].` }
        : notFound(noun, target.id);
    },
  };
}

function described<Input>({ name, description, input, label }: Writing<Input>) {
  return { name, description, input, label };
}

async function write<Input>(
  { noun, line, followUp }: Writing<Input>,
  call: DeviceCall,
  ctx: ToolContext,
  reading: { done: string; id?: string },
): Promise<ToolOutput> {
  const outcome = await ctx.device(call);
  const answer = changedAnswer(outcome, { ...reading, noun, line: (row) => line(row, ctx.timezone) });
  return followUp && outcome.kind === "row" && outcome.row ? followUp(answer, outcome.row, ctx) : answer;
}
