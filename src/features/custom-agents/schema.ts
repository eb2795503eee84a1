import * as z from "zod";
import { Uuid } from "../../lib/ids.ts";
import { PageQuery, pageOf } from "../../lib/pagination.ts";
import { exactText } from "../../lib/text.ts";
import { Citation } from "../knowledge/protocol.ts";
import { RowSchema } from "./row-schema.ts";

export const NAME_CHARS_MAX = 100;
export const DESCRIPTION_CHARS_MAX = 500;
export const PROMPT_CHARS_MAX = 16_000;
const TOOLS_MAX = 64;
const CAPABILITIES_MAX = 20;
const CAPABILITY_CHARS_MAX = 60;
const COLLECTIONS_MAX = 10;
const MEMBERS_MAX = 10;

const time = z.iso.datetime();

/** How an agent works: each is a file under `kinds/`. */
export const AgentKind = z.enum(["chat", "rag", "extractor", "router"]);
export type AgentKind = z.infer<typeof AgentKind>;

export const ResourceLimits = z.object({
  max_tokens: z
    .int()
    .min(500)
    .max(200_000)
    .default(50_000)
    .describe("Input and output tokens of all its model calls of one run"),
  max_execution_time_s: z.int().min(1).max(300).default(120),
  max_tool_calls: z
    .int()
    .min(0)
    .max(100)
    .default(20)
    .describe("Of one run; then it answers with what it has"),
});
export type ResourceLimits = z.infer<typeof ResourceLimits>;

const Name = exactText(NAME_CHARS_MAX).meta({ examples: ["Meeting notes"] });
const Text = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .refine((text) => text.isWellFormed(), { message: "holds half a surrogate pair, which is no character" });

const unique = (list: readonly unknown[]) => new Set(list).size === list.length;
const NAMED_TWICE = { message: "names something twice" };

const Fields = z.object({
  name: Name,
  description: Text(DESCRIPTION_CHARS_MAX).describe(
    "What it is for: the assistant reads it when it may delegate to this agent",
  ),
  kind: AgentKind.describe(
    "`chat` works in steps with its tools. `rag` answers from its collections and cites them. `extractor` turns text into " +
      "rows of its `schema`. `router` has one of its `agents` answer",
  ),
  model: z
    .string()
    .min(1)
    .max(200)
    .describe("A role (`supervisor`, `worker`, `small`) or the name of a configured model"),
  system_prompt: Text(PROMPT_CHARS_MAX),
  tools: z.array(z.string().min(1).max(100)).max(TOOLS_MAX).refine(unique, NAMED_TWICE),
  capabilities: z
    .array(exactText(CAPABILITY_CHARS_MAX))
    .max(CAPABILITIES_MAX)
    .refine(unique, NAMED_TWICE)
    .describe("What it is good at, in a few words each: read along with the description"),
  collections: z
    .array(Uuid)
    .max(COLLECTIONS_MAX)
    .refine(unique, NAMED_TWICE)
    .describe("Where `rag` searches"),
  resource_limits: ResourceLimits,
  delegable: z.boolean().describe("The assistant may delegate to it"),
  schema: RowSchema.nullable().describe("JSON Schema of one row of an `extractor`; null for other kinds"),
  agents: z.array(Uuid).max(MEMBERS_MAX).refine(unique, NAMED_TWICE).describe("Whom a `router` chooses from"),
});

/** What a person says of an agent: one version of it. */
export const AgentDefinition = Fields;
export type AgentDefinition = z.infer<typeof AgentDefinition>;

export const CreateAgent = Fields.extend({
  description: Fields.shape.description.default(""),
  kind: Fields.shape.kind.default("chat"),
  model: Fields.shape.model.default("worker"),
  system_prompt: Fields.shape.system_prompt.default(""),
  tools: Fields.shape.tools.default([]),
  capabilities: Fields.shape.capabilities.default([]),
  collections: Fields.shape.collections.default([]),
  resource_limits: ResourceLimits.prefault({}),
  delegable: Fields.shape.delegable.default(false),
  schema: Fields.shape.schema.default(null),
  agents: Fields.shape.agents.default([]),
}).meta({
  examples: [
    {
      name: "Meeting notes",
      description: "Turns what was said in a meeting into notes and tasks.",
      system_prompt: "Write down decisions first, then a task for whatever somebody is to do.",
      tools: ["create_note", "create_task", "list_projects"],
      delegable: true,
    },
    {
      name: "Handbook",
      kind: "rag",
      description: "Knows the rules on leave and travel.",
      collections: ["019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e55"],
    },
    {
      name: "Receipts",
      kind: "extractor",
      system_prompt: "One row for each thing that was bought.",
      schema: {
        type: "object",
        properties: { thing: { type: "string" }, price: { type: "number" } },
        required: ["thing"],
        additionalProperties: false,
      },
    },
    {
      name: "Desk",
      kind: "router",
      agents: ["019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e56", "019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e57"],
    },
  ],
});
export type CreateAgent = z.infer<typeof CreateAgent>;

export const UpdateAgent = Fields.partial();
export type UpdateAgent = z.infer<typeof UpdateAgent>;

export const Agent = AgentDefinition.extend({
  id: z.uuid(),
  version: z.int().positive(),
  created_at: time,
  updated_at: time,
  deleted_at: time
    .nullable()
    .meta({ description: "When it was deleted; it can be restored for 30 days", examples: [null] }),
}).meta({ id: "Agent" });
export type Agent = z.infer<typeof Agent>;
export const AgentPage = pageOf(Agent);

export const AgentVersion = AgentDefinition.extend({
  version: z.int().positive(),
  created_at: time,
}).meta({ id: "AgentVersion" });
export type AgentVersion = z.infer<typeof AgentVersion>;
export const AgentVersionPage = pageOf(AgentVersion);

export const AgentId = z.object({ id: Uuid });

export const ListAgents = PageQuery.extend({
  deleted: z.stringbool().default(false).describe("Lists the deleted agents instead"),
  kind: AgentKind.optional().describe("Only those of this kind"),
  delegable: z
    .stringbool()
    .optional()
    .describe("Only those that the assistant may delegate to, or only the others"),
});
export type ListAgents = z.infer<typeof ListAgents>;

export const ListVersions = PageQuery;
export type ListVersions = z.infer<typeof ListVersions>;

export const RestoreAgent = z.object({
  version: z.int().positive().optional().describe("The one to be as before; the last one when left out"),
});
export type RestoreAgent = z.infer<typeof RestoreAgent>;

/** One version of an agent, with those it can lead to: what a run needs, and all that it needs. */
export const RunnableAgent = z.object({
  id: z.uuid(),
  version: z.int().positive(),
  definition: AgentDefinition,
});
export type RunnableAgent = z.infer<typeof RunnableAgent>;

export const AgentToRun = RunnableAgent.extend({ others: z.array(RunnableAgent) });
export type AgentToRun = z.infer<typeof AgentToRun>;

/** A part of a document, as an agent answers from it. */
export const FoundSource = z.object({
  ...Citation.omit({ number: true, quote: true }).shape,
  text: z.string(),
});
export type FoundSource = z.infer<typeof FoundSource>;

/** An agent that the assistant may delegate to, or one that such an agent leads to. */
export const RosterAgent = RunnableAgent.extend({ delegable: z.boolean() });
export type RosterAgent = z.infer<typeof RosterAgent>;
