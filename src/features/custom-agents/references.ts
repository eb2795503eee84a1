/** What a definition names must be there: tools, a model, collections, and the agents of a router. */
import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { AppError, type FieldProblem } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Permission, Queries } from "../../platform/db.ts";
import type { Config } from "../../platform/env.ts";
import type { ModelRole } from "../../platform/model-port.ts";
import { collections } from "../knowledge/tables.ts";
import { WORKSPACE_TOOLS } from "../workspace/tools.ts";
import { KINDS } from "./kinds.ts";
import { circleThrough, type Graph, REACHED_MAX, ROSTER_MAX, reachedFrom, rosterOf } from "./routing.ts";
import { mine, readable } from "./rows.ts";
import type { AgentDefinition } from "./schema.ts";
import { customAgents } from "./tables.ts";

/** What every agent can be given. */
const EVERYWHERE: readonly string[] = [
  ...WORKSPACE_TOOLS.map(({ name }) => name),
  "recall",
  "search_knowledge",
];

/** What is only there where the operator has set it up, and by what. */
const SET_UP = {
  web_search: { isThere: ({ webSearch }: Config) => webSearch !== null, by: "WEB_SEARCH names a service" },
  run_code: {
    isThere: ({ sandbox }: Config) => sandbox !== null,
    by: "SANDBOX is bound to the script for it",
  },
};

/** What an agent can be given here. */
export function agentTools(config: Config): string[] {
  const setUp = Object.entries(SET_UP).flatMap(([name, { isThere }]) => (isThere(config) ? [name] : []));
  return [...EVERYWHERE, ...setUp];
}

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
    ...toolProblems(definition, ctx.config),
    ...(await strangers(ctx, permission, id, definition)),
  ];
  if (problems.length > 0) throw new AppError("validation_failed", { errors: problems });
}

function modelProblems({ model }: AgentDefinition, { model: config }: Config): FieldProblem[] {
  if (modelRole(model, config)) return [];
  const known = [...ROLES, ...new Set(Object.values(config.models))].join(", ");
  return [{ path: "body.model", message: `is not configured; there are: ${known}` }];
}

function toolProblems({ tools }: AgentDefinition, config: Config): FieldProblem[] {
  const there = agentTools(config);
  return tools.flatMap((name, at) =>
    there.includes(name) ? [] : [{ path: `body.tools.${at}`, message: whyNot(name, there) }],
  );
}

function whyNot(name: string, there: readonly string[]): string {
  const setUp = Object.entries(SET_UP).find(([each]) => each === name)?.[1];
  if (setUp) return `is not set up here: it can be given once ${setUp.by}`;
  return `is no tool; there are: ${there.join(", ")}`;
}

async function strangers(
  ctx: Ctx,
  permission: Permission,
  id: string,
  { collections: named, agents, delegable }: AgentDefinition,
): Promise<FieldProblem[]> {
  if (named.length + agents.length === 0 && !delegable) return [];
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
    ...rosterProblems(id, delegable, new Map(graph).set(id, agents), graphRows),
  ];
}

/** What the assistant may lead to has a size, for the person's hub holds it. */
function rosterProblems(
  id: string,
  isDelegable: boolean,
  graph: Graph,
  rows: readonly { id: string; isRoot: boolean }[],
): FieldProblem[] {
  const roots = rows.filter((row) => row.isRoot && row.id !== id).map((row) => row.id);
  const { size } = rosterOf(graph, isDelegable ? [...roots, id] : roots);
  if (size <= ROSTER_MAX) return [];
  const limit = `The assistant may lead to ${ROSTER_MAX} agents at most, those of its routers included`;
  return [{ path: isDelegable ? "body.delegable" : "body.agents", message: `would make ${size}. ${limit}` }];
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
    .select({
      id: customAgents.id,
      members: customAgents.members,
      isRoot: sql<boolean>`${and(mine(ctx), eq(customAgents.delegable, true))}`,
    })
    .from(customAgents)
    .where(and(readable(ctx), isNull(customAgents.deletedAt)));
}
