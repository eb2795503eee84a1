import type { Ctx } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import type { Bytes, DataKey, EnvelopeContext } from "../../platform/keyring.ts";
import { tenantDataKey } from "../users/service.ts";
import { type Agent, AgentDefinition, type AgentVersion } from "./schema.ts";
import type { customAgents, customAgentVersions } from "./tables.ts";

type AgentRow = typeof customAgents.$inferSelect;
type VersionRow = typeof customAgentVersions.$inferSelect;

/** Seals and opens what one tenant's agents are: each envelope opens in its own row only. */
export class AgentVault {
  readonly #key: DataKey;
  readonly #tenantId: string;

  constructor(key: DataKey, tenantId: string) {
    this.#key = key;
    this.#tenantId = tenantId;
  }

  seal(agentId: string, version: number, definition: AgentDefinition): Bytes {
    return this.#key.sealJson(definition, this.#at(agentId, version));
  }

  open(agentId: string, version: number, body: Uint8Array): AgentDefinition {
    return this.#key.openJson(body, this.#at(agentId, version), AgentDefinition.parse);
  }

  openAgent({ agent, body }: { agent: AgentRow; body: Uint8Array }): Agent {
    return {
      ...this.open(agent.id, agent.version, body),
      id: agent.id,
      version: agent.version,
      created_at: agent.createdAt.toISOString(),
      updated_at: agent.updatedAt.toISOString(),
      deleted_at: agent.deletedAt?.toISOString() ?? null,
    };
  }

  openVersion({ agentId, version, body, createdAt }: VersionRow): AgentVersion {
    return { ...this.open(agentId, version, body), version, created_at: createdAt.toISOString() };
  }

  #at(agentId: string, version: number): EnvelopeContext {
    return {
      table: "custom_agent_versions",
      column: "body",
      rowId: `${agentId}/${version}`,
      ownerId: this.#tenantId,
    };
  }
}

/** @param permission Of the verb that asks. */
export async function openVault(ctx: Ctx, permission: Permission): Promise<AgentVault> {
  return new AgentVault(await tenantDataKey(ctx, permission), ctx.tenantId);
}
