import type { ModelRole } from "../../platform/model-port.ts";
import type { Domain } from "../workspace/schema.ts";
import { workspaceTools } from "../workspace/tools.ts";
import { DOMAIN_RULES, REPORTING, SPEAKING } from "./prompts/domains.ts";
import type { Fragment } from "./prompts/fragment.ts";
import { DATES, GROUND_RULES, SUGGESTIONS, TONE } from "./prompts/ground-rules.ts";
import { RICH_OUTPUT, RICH_OUTPUT_EXAMPLES, TEXT_ONLY } from "./prompts/output.ts";
import { DELEGATION, FLOATING, HOME, SUPERVISOR_TOOLS } from "./prompts/supervisors.ts";
import { clientContext, clock, device, memory, scope, type VolatileFragment } from "./prompts/volatile.ts";
import type { AgentProgram } from "./types.ts";

export interface AgentDefinition {
  /** `home`, `floating`, a domain, or what a person called an agent of theirs. */
  name: string;
  /** Which configured model answers. */
  role: ModelRole;
  prompt: {
    /** The same bytes for every user and turn. */
    stable: readonly Fragment[];
    /** What a person tells an agent of theirs, after the stable part. Theirs to see: no secret of ours. */
    own?: string;
    volatile: readonly VolatileFragment[];
  };
  /** Names in the order the model sees them; those a deployment lacks are left out. */
  tools: readonly string[];
  /** Agents it can delegate to. */
  delegates: readonly Domain[];
  /** Responses that may use tools. */
  stepLimit: number;
  /** Its text goes to the client as it is written. */
  streams: boolean;
}

/** An agent that can be delegated to besides those of the domains. Its own delegations are not offered to it. */
export interface DelegableAgent {
  /** What the model asks for it by: not the name of a domain. */
  name: string;
  /** What it is for, in a sentence for the model. */
  purpose: string;
  /** Progress a person can read while it works. */
  label: string;
  /** It follows a prompt in steps, or works by a program. */
  works: { definition: AgentDefinition } | { program: AgentProgram };
}

const DOMAINS = ["tasks", "projects", "timelines", "notes"] as const satisfies readonly Domain[];
const SUPERVISOR_STEPS = 8;
const SUB_AGENT_STEPS = 5;

const supervisor = {
  role: "supervisor",
  tools: ["task", "write_todos", "update_core_memory", "forget_memory", "recall", "search_knowledge"],
  delegates: DOMAINS,
  stepLimit: SUPERVISOR_STEPS,
  streams: true,
} as const;

/** Answers for the whole workspace. */
export const HOME_SUPERVISOR: AgentDefinition = {
  ...supervisor,
  name: "home",
  prompt: {
    stable: [
      HOME,
      GROUND_RULES,
      DELEGATION,
      SUPERVISOR_TOOLS,
      DATES,
      TONE,
      RICH_OUTPUT,
      RICH_OUTPUT_EXAMPLES,
    ],
    volatile: [clock, device, clientContext, memory],
  },
};

/** Answers in a popup when no single domain is known to be enough. */
export const FLOATING_SUPERVISOR: AgentDefinition = {
  ...supervisor,
  name: "floating",
  prompt: {
    stable: [FLOATING, GROUND_RULES, DELEGATION, SUPERVISOR_TOOLS, DATES, TONE, TEXT_ONLY],
    volatile: [clock, device, scope, memory],
  },
};

/** What a supervisor delegates to: one answer each, seen by the supervisor only. */
export const SUB_AGENTS: Readonly<Record<Domain, AgentDefinition>> = perDomain((domain) => ({
  name: domain,
  role: "worker",
  prompt: {
    stable: [DOMAIN_RULES[domain], GROUND_RULES, DATES, SUGGESTIONS, REPORTING],
    volatile: [clock, device],
  },
  tools: domainTools(domain),
  delegates: [],
  stepLimit: SUB_AGENT_STEPS,
  streams: false,
}));

/** The same agents on top of a floating turn with a clear scope: they speak to the person and can hand over. */
export const SCOPED_AGENTS: Readonly<Record<Domain, AgentDefinition>> = perDomain((domain) => ({
  ...SUB_AGENTS[domain],
  prompt: {
    stable: [DOMAIN_RULES[domain], GROUND_RULES, DATES, SUGGESTIONS, SPEAKING, TONE, TEXT_ONLY],
    volatile: [clock, device, scope, memory],
  },
  tools: [...domainTools(domain), "hand_over", "update_core_memory", "recall"],
  streams: true,
}));

/** A domain's own tools, and what all of them need: projects by name, and settling suggestions. */
function domainTools(domain: Domain): string[] {
  const own = workspaceTools[domain].map((tool) => tool.name);
  return [...new Set([...own, "list_projects", "decide_suggestion"])];
}

function perDomain(define: (domain: Domain) => AgentDefinition): Record<Domain, AgentDefinition> {
  return {
    tasks: define("tasks"),
    projects: define("projects"),
    timelines: define("timelines"),
    notes: define("notes"),
  };
}
