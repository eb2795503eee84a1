import type { z } from "zod";
import type { DeviceCall, Tool } from "../../tools/types.ts";
import type { WorkspaceTable } from "../schema.ts";
import { failure, type Noun, notFound } from "./answers.ts";

interface DeletionInput {
  id: string;
}

interface Deletion {
  name: string;
  description: string;
  table: WorkspaceTable;
  noun: Noun;
  input: z.ZodType<DeletionInput>;
}

/** A tool that deletes one row, which always asks the person first. */
export function deletionTool({ name, description, table, noun, input }: Deletion): Tool<DeletionInput> {
  const callOf = ({ id }: DeletionInput) => ({ action: "delete", table, data: { id } }) satisfies DeviceCall;
  return {
    name,
    description,
    input,
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
