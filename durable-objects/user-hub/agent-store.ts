import { type AgentToRun, RosterAgent } from "../../src/features/custom-agents/schema.ts";
import { type Delegate, delegatesOf } from "../../src/features/custom-agents/service.ts";
import { MayHold } from "./may-hold.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

/** The name under which `meta` has the mark of what is held; without one, or empty, it must be loaded. */
const MARK = "agents";

/** The hub's replica of the agents that its user's assistant may delegate to. */
export class AgentStore {
  readonly #storage: HubStorage;
  readonly #vault: Vault;
  readonly #old: MayHold;
  /** Those that are current. */
  #current: RosterAgent[] | undefined;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
    this.#old = new MayHold(storage, "agents WHERE current = 0");
  }

  /** Undefined when nothing was ever loaded, empty when what is held may be out of date. */
  get mark(): string | undefined {
    return this.#storage.find(MARK);
  }

  /** Part of the caller's commit. */
  setMark(mark: string): void {
    this.#storage.put(MARK, mark);
  }

  /** Takes the place of what was held. Versions that a turn may still ask for stay, unless none is open. Part of the caller's commit. */
  replace(agents: readonly RosterAgent[], mark: string, options: { keepsOld: boolean }): void {
    this.#old.note();
    this.#storage.run("UPDATE agents SET current = 0");
    for (const agent of agents) {
      this.#storage.run(
        "INSERT OR REPLACE INTO agents VALUES (?, ?, 1, ?)",
        agent.id,
        agent.version,
        this.#vault.seal("agents", `${agent.id}/${agent.version}`, agent),
      );
    }
    if (!options.keepsOld) this.dropOld();
    this.setMark(mark);
    this.#current = undefined;
  }

  /** It is held, or an agent that is held leads to it. */
  holds(id: string): boolean {
    return this.#all().some((agent) => agent.id === id || agent.definition.agents.includes(id));
  }

  /** No new turn can ask it; one that began before still can. Part of the caller's commit. */
  drop(id: string): void {
    this.#old.note();
    this.#storage.run("UPDATE agents SET current = 0 WHERE agent_id = ?", id);
    this.#current = undefined;
  }

  get hasOld(): boolean {
    const old = this.#old.rows(() => this.#storage.rows("SELECT 1 FROM agents WHERE current = 0 LIMIT 1"));
    return old.length > 0;
  }

  dropOld(): void {
    this.#storage.run("DELETE FROM agents WHERE current = 0");
  }

  /** Who can be delegated to now. */
  delegates(): Delegate[] {
    return delegatesOf(this.#all());
  }

  /** The agent in this version, with those that it leads to as they are now. Undefined when the version is not held. */
  find({ id, version }: Pick<Delegate, "id" | "version">): (AgentToRun & RosterAgent) | undefined {
    const agent =
      this.#all().find((each) => each.id === id && each.version === version) ?? this.#read(id, version);
    return agent && { ...agent, others: this.#all().filter((each) => each.id !== id) };
  }

  #read(id: string, version: number): RosterAgent | undefined {
    const row = this.#storage.row<{ body: ArrayBuffer }>(
      "SELECT body FROM agents WHERE agent_id = ? AND version = ?",
      id,
      version,
    );
    return row && this.#vault.open("agents", `${id}/${version}`, row.body, RosterAgent.parse);
  }

  #all(): RosterAgent[] {
    this.#current ??= this.#storage
      .rows<{ agent_id: string; version: number; body: ArrayBuffer }>(
        "SELECT agent_id, version, body FROM agents WHERE current = 1 ORDER BY agent_id",
      )
      .map((row) =>
        this.#vault.open("agents", `${row.agent_id}/${row.version}`, row.body, RosterAgent.parse),
      );
    return this.#current;
  }
}
