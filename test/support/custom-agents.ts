/** Agents that people in tests have made. */
import { Agent } from "../../src/features/custom-agents/schema.ts";
import { callFor } from "./api.ts";
import type { TestUser } from "./users.ts";

export const ROW = {
  type: "object",
  properties: { name: { type: "string" }, amount: { type: "number" } },
  required: ["name"],
  additionalProperties: false,
};

export function newAgent(user: TestUser, body: Record<string, unknown> = {}): Promise<Agent> {
  return callFor(Agent, "POST", "/agents", { as: user, body: { name: "Helper", ...body } });
}
