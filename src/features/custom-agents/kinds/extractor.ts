import * as z from "zod";
import { AppError } from "../../../lib/errors.ts";
import { CUSTOM_FRAMES, customAgent } from "../../agent/service.ts";
import type { AgentStage, StageAnswer } from "../../agent/types.ts";
import type { Tool } from "../../tools/types.ts";
import { rowReader } from "../row-schema.ts";
import type { AgentDefinition } from "../schema.ts";
import { type Kind, missing, unused } from "./kind.ts";

const ROWS_MAX = 1_000;
const PROBLEMS_MAX = 10;
const SUBMIT = "submit_rows";

/** Turns text into rows of its schema: one attempt, and one to mend it. Its answer is the rows as JSON. */
export const extractor: Kind = {
  check: (definition) => [
    ...unused(definition, "tools", "collections", "agents"),
    ...(definition.schema ? [] : missing("schema", "must say what a row looks like")),
  ],
  health: () => {
    const reader = rowReader({ type: "object", properties: { n: { type: "integer" } }, required: ["n"] });
    const isSound = reader.safeParse({ n: 1 }).success && !reader.safeParse({ n: "1" }).success;
    return isSound ? undefined : "Rows cannot be checked against a schema.";
  },
  async run(definition, stage, { role }) {
    const agent = customAgent({
      frame: CUSTOM_FRAMES.extractor,
      name: definition.name,
      role,
      instructions: definition.system_prompt,
    });
    const tool = submitTool(definition);
    const attempt = async (path: string, message: string) =>
      read(tool, await stage.run({ path, agent, message, tools: [tool], endsOn: SUBMIT }));
    const first = await attempt("e/", stage.message);
    const rows = "rows" in first ? first.rows : await mended(stage, attempt, first.problems);
    // Not to be taken for a tag or a picture of an answer's.
    const text = JSON.stringify(rows).replaceAll("<", "\\u003c").replaceAll("![", "!\\u005b");
    stage.say(text);
    return text;
  },
};

type Reading = { rows: unknown[] } | { problems: string };

async function mended(
  stage: AgentStage,
  attempt: (path: string, message: string) => Promise<Reading>,
  problems: string,
): Promise<unknown[]> {
  stage.progress("Mending the rows");
  const told = `${stage.message}\n\nYour last rows for this text did not fit: ${problems} Hand in all rows again.`;
  const second = await attempt("e2/", told);
  if ("rows" in second) return second.rows;
  throw new AppError("output_invalid", {
    detail: "The rows that the model handed in do not fit the agent's schema.",
  });
}

function submitTool({ schema }: AgentDefinition): Tool<{ rows: unknown[] }> {
  return {
    name: SUBMIT,
    description: "Hands in the rows.",
    input: z.strictObject({ rows: z.array(rowReader(schema ?? { type: "object" })).max(ROWS_MAX) }),
    readOnly: true,
    idempotent: true,
    destructive: false,
    label: "Handing in the rows",
    run: async () => ({ text: "" }),
  };
}

function read(tool: Pick<Tool<{ rows: unknown[] }>, "input">, answer: StageAnswer): Reading {
  if (answer.kind === "answer") return { problems: `The tool ${SUBMIT} was not used.` };
  const reading = tool.input.safeParse(answer.input);
  if (reading.success) return { rows: reading.data.rows };
  const problems = reading.error.issues.slice(0, PROBLEMS_MAX);
  return { problems: problems.map(({ path, message }) => `${path.join(".")}: ${message}.`).join(" ") };
}
