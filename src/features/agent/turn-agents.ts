/** Which agent answers a turn, and whom it can ask. */
import { AppError } from "../../lib/errors.ts";
import { Domain } from "../workspace/schema.ts";
import {
  type AgentDefinition,
  FLOATING_SUPERVISOR,
  HOME_SUPERVISOR,
  SCOPED_AGENTS,
  SUB_AGENTS,
} from "./agents.ts";
import { scopeDomain } from "./delegate.ts";
import type { DelegableAgent, TurnRequest } from "./types.ts";

const LABELS: Record<Domain, string> = {
  tasks: "Working on your tasks",
  projects: "Working on your projects",
  timelines: "Working on your milestones",
  notes: "Working on your notes",
};

export function topAgentOf({ topAgent, kind, scope }: TurnRequest): AgentDefinition {
  if (topAgent) return topAgent;
  if (kind === "home") return HOME_SUPERVISOR;
  const domain = scopeDomain(scope);
  return domain ? SCOPED_AGENTS[domain] : FLOATING_SUPERVISOR;
}

export function specialistOf(
  { extraAgents }: TurnRequest,
  name: string,
): Pick<DelegableAgent, "works" | "label"> {
  const domain = Domain.safeParse(name).data;
  if (domain) return { works: { definition: SUB_AGENTS[domain] }, label: LABELS[domain] };
  const extra = extraAgents?.find((agent) => agent.name === name);
  if (!extra) throw new AppError("internal", { detail: "The task tool took an agent that there is not." });
  return extra;
}
