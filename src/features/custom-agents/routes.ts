import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as agents from "./service.ts";

const on = (action: string) => ({ action, resource: "agents" });

export const customAgentRoutes: readonly Route[] = [
  route(
    "POST",
    "/agents",
    {
      id: "createAgent",
      tag: "agents",
      summary: "Create an agent",
      description:
        "What it names must be there: tools, collections, agents and a configured model. Everything that is wrong is " +
        "answered at once.",
      policy: on("create"),
      body: schema.CreateAgent,
      answer: schema.Agent,
      status: 201,
      creates: "row",
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, body, newId }) => agents.createAgent(ctx, body, newId),
  ),
  route(
    "GET",
    "/agents",
    {
      id: "listAgents",
      tag: "agents",
      summary: "List agents",
      description: "Your own and those that are shared with you, the newest first.",
      policy: on("read"),
      query: schema.ListAgents,
      answer: schema.AgentPage,
      errors: ["bad_request"],
    },
    ({ ctx, query }) => agents.listAgents(ctx, query),
  ),
  route(
    "GET",
    "/agents/{id}",
    {
      id: "getAgent",
      tag: "agents",
      summary: "Read an agent",
      policy: on("read"),
      params: schema.AgentId,
      answer: schema.Agent,
      versioned: true,
    },
    ({ ctx, params }) => agents.getAgent(ctx, params.id),
  ),
  route(
    "PATCH",
    "/agents/{id}",
    {
      id: "updateAgent",
      tag: "agents",
      summary: "Change an agent",
      description:
        "What is left out stays. A change makes a new version, unless it changes nothing; the last 50 are kept.",
      policy: on("update"),
      params: schema.AgentId,
      body: schema.UpdateAgent,
      answer: schema.Agent,
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, params, body, ifMatch }) => agents.updateAgent(ctx, params.id, body, ifMatch),
  ),
  route(
    "DELETE",
    "/agents/{id}",
    {
      id: "deleteAgent",
      tag: "agents",
      summary: "Delete an agent",
      description: "It can be restored for 30 days, with its versions; then it is erased.",
      policy: on("delete"),
      params: schema.AgentId,
      versioned: true,
    },
    ({ ctx, params, ifMatch }) => agents.deleteAgent(ctx, params.id, ifMatch),
  ),
  route(
    "GET",
    "/agents/{id}/versions",
    {
      id: "listAgentVersions",
      tag: "agents",
      summary: "List an agent's versions",
      description: "The newest first; of a deleted agent too.",
      policy: on("read"),
      params: schema.AgentId,
      query: schema.ListVersions,
      answer: schema.AgentVersionPage,
      errors: ["bad_request"],
    },
    ({ ctx, params, query }) => agents.listVersions(ctx, params.id, query),
  ),
  route(
    "POST",
    "/agents/{id}/restore",
    {
      id: "restoreAgent",
      tag: "agents",
      summary: "Restore a version of an agent",
      description: "Makes a new version that is as the old one was. A deleted agent is back with it.",
      policy: on("update"),
      params: schema.AgentId,
      body: schema.RestoreAgent,
      answer: schema.Agent,
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, params, body, ifMatch }) => agents.restoreAgent(ctx, params.id, body.version, ifMatch),
  ),
];
