/** What a definition names must be there: tools, a model, collections, and the agents of a router. */
import { and, inArray, isNull } from "drizzle-orm";
import { AppError, type FieldProblem } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Permission, Queries } from "../../platform/db.ts";
import type { Config } from "../../platform/env.ts";
import type { ModelRole } from "../../platform/model-port.ts";
import { collections } from "../knowledge/tables.ts";
import { WORKSPACE_TOOLS } from "../workspace/tools.ts";
import { KINDS } from "./kinds.ts";
import { circleThrough, type Graph, REACHED_MAX, reachedFrom } from "./routing.ts";
import { readable } from "./rows.ts";
import type { AgentDefinition } from "./schema.ts";
import { customAgents } from "./tables.ts";

/** What an agent can be given, in the order the model sees it. */
export const AGENT_TOOLS: readonly string[] = [
  ...WORKSPACE_TOOLS.map(({ name }) => name),
  "recall",
  "search_knowledge",
];

const ROLES = ["supervisor", "worker", "small"] as const satisfies readonly ModelRole[];

/** The role that stands for what a definition calls its model; null for one that is not configured. */
export function modelRole(model: string, { models }: Config["model"]): ModelRole | null {
  return ROLES.find((role) => role === model) ?? ROLES.find((role) => models[role] === model) ?? null;
}

/** Throws `validation_failed` with everything that is wrong. One round trip at most. */
export async function checkReferences(
  ctx: Ctx,
  permission: Permission,
  id: string,
  definition: AgentDefinition,
): Promise<void> {
  const problems = [
    ...KINDS[definition.kind].check(definition),
    ...modelProblems(definition, ctx.config),
    ...toolProblems(definition),
    ...(await strangers(ctx, permission, id, definition)),
  ];
  if (problems.length > 0) throw new AppError("validation_failed", { errors: problems });
}

function modelProblems({ model }: AgentDefinition, { model: config }: Config): FieldProblem[] {
  if (modelRole(model, config)) return [];
  const known = [...ROLES, ...new Set(Object.values(config.models))].join(", ");
  return [{ path: "body.model", message: `is not configured; there are: ${known}` }];
}

function toolProblems({ tools }: AgentDefinition): FieldProblem[] {
  return tools.flatMap((name, at) =>
    AGENT_TOOLS.includes(name)
      ? []
      : [{ path: `body.tools.${at}`, message: `is no tool; there are: ${AGENT_TOOLS.join(", ")}` }],
  );
}

async function strangers(
  ctx: Ctx,
  permission: Permission,
  id: string,
  { collections: named, agents }: AgentDefinition,
): Promise<FieldProblem[]> {
  if (named.length + agents.length === 0) return [];
  const [visible, graphRows] = await ctx.db.run(permission, (queries) => [
    queries
      .select({ id: collections.id })
      .from(collections)
      .where(and(inArray(collections.id, named), isNull(collections.deletedAt))),
    selectGraph(queries, ctx),
  ]);
  const known = new Set(visible.map((row) => row.id));
  const graph: Graph = new Map(graphRows.map((row) => [row.id, row.members]));
  return [
    ...named.flatMap((each, at) =>
      known.has(each)
        ? []
        : [{ path: `body.collections.${at}`, message: "is no collection of yours or shared with you" }],
    ),
    ...memberProblems(id, agents, graph),
  ];
}

function memberProblems(id: string, agents: readonly string[], graph: Graph): FieldProblem[] {
  const missing = agents.flatMap((each, at) =>
    graph.has(each) || each === id
      ? []
      : [{ path: `body.agents.${at}`, message: "is no agent of yours or shared with you" }],
  );
  if (missing.length > 0) return missing;
  const changed = new Map(graph).set(id, agents);
  const circles = agents.flatMap((each, at) =>
    circleThrough(changed, id, each)
      ? [{ path: `body.agents.${at}`, message: "leads back to this agent: routers must not form a circle" }]
      : [],
  );
  if (circles.length > 0) return circles;
  return reachedFrom(changed, id).size <= REACHED_MAX
    ? []
    : [{ path: "body.agents", message: `lead to more than ${REACHED_MAX} agents in all` }];
}

/** Who chooses from whom, among the agents that the person can run. */
function selectGraph(queries: Queries, ctx: Ctx) {
  return queries
    .select({ id: customAgents.id, members: customAgents.members })
    .from(customAgents)
    .where(and(readable(ctx), isNull(customAgents.deletedAt)));
}
