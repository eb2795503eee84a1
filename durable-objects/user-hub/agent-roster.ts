import type { AgentProgram, DelegableAgent } from "../../src/features/agent/types.ts";
import type { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import {
  type Delegate,
  EMPTY_ROSTER,
  purposeOf,
  type Roster,
} from "../../src/features/custom-agents/service.ts";
import type { PublishedEvent } from "../../src/features/hub/schema.ts";
import { within } from "../../src/lib/time.ts";
import { AgentStore } from "./agent-store.ts";
import type { HubParts } from "./parts.ts";
import type { TurnRun } from "./turn-run.ts";

/** How long a turn waits for a roster that may be out of date; it then runs with what there is. */
const WAIT_MS = 2_000;
/** Loads in a row that are overtaken by a change; the next turn tries again. */
const LOADS_MAX = 5;
/** The place in a turn's journal that says whom it could delegate to. */
const PLACE = "delegates";

export interface AgentRosterPorts {
  parts: Pick<HubParts, "storage" | "vault" | "log">;
  load(): Promise<Roster>;
  /** A turn is running or waits. */
  isTurnOpen(): boolean;
  /** Lets work go on that nobody waits for. */
  goOn(work: Promise<unknown>): void;
}

/** The user's own agents that the assistant may delegate to: held here, so that no turn asks the database for them. */
export class AgentRoster {
  readonly #ports: AgentRosterPorts;
  readonly #store: AgentStore;
  #loading: Promise<void> | undefined;
  /** Something changed after the load under way had begun. */
  #isOvertaken = false;

  constructor(ports: AgentRosterPorts) {
    this.#ports = ports;
    this.#store = new AgentStore(ports.parts.storage, ports.parts.vault);
  }

  /** What the database has just said of the roster. One commit, when that is news. */
  note(mark: string): void {
    const { storage } = this.#ports.parts;
    if (mark === this.#store.mark) return;
    storage.commit(() => this.noteFirst(mark));
  }

  /** As `note`, as part of the caller's commit. */
  noteFirst(mark: string): void {
    if (mark === EMPTY_ROSTER) this.#store.replace([], mark, { keepsOld: this.#ports.isTurnOpen() });
    else this.#store.setMark("");
  }

  /** An agent that is held, or is to be, was changed: it is loaded anew, and one that is gone is asked by no turn from here on. */
  hear(event: PublishedEvent, userId: string): void {
    const change = agentChange(event, userId);
    const { mark } = this.#store;
    if (!change || mark === undefined) return;
    this.#isOvertaken = true;
    // What is held though it is out of date says nothing of what is to be held.
    if (mark && !change.joins && !this.#store.holds(change.id)) return;
    const { parts, goOn } = this.#ports;
    parts.storage.commit(() => {
      if (change.isGone) this.#store.drop(change.id);
      this.#store.setMark("");
    });
    goOn(this.#whole());
  }

  /** For a turn: waits a little for what may be out of date, never fails. */
  async enough(): Promise<void> {
    if (this.#store.mark) return;
    const { parts, goOn } = this.#ports;
    const loaded = this.#whole().catch((cause: unknown) =>
      parts.log.warn({ event: "agents.not_loaded" }, cause),
    );
    goOn(loaded);
    await within(WAIT_MS, (signal) => {
      const timeUp = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => timeUp.resolve());
      return Promise.race([loaded, timeUp.promise]);
    });
  }

  /** Whom a turn can delegate to: at a replay the same, in the same versions. */
  forTurn(run: TurnRun, programOf: (agent: AgentToRun) => AgentProgram): DelegableAgent[] {
    const delegates = run.keepNow(PLACE, this.#store.delegates()) as Delegate[];
    return delegates.flatMap((delegate) => {
      const agent = this.#store.find(delegate);
      if (!agent) return [];
      const { name } = agent.definition;
      return {
        name: delegate.handle,
        purpose: purposeOf(agent),
        label: `Asking ${name}`,
        works: { program: programOf(agent) },
      };
    });
  }

  /** What no turn can ask for any more goes. */
  prune(): void {
    if (!this.#store.hasOld || this.#ports.isTurnOpen()) return;
    this.#ports.parts.storage.commit(() => this.#store.dropOld());
  }

  async #whole(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
  }

  /** Until nothing was changed while it was being loaded. */
  async #load(): Promise<void> {
    const { parts, load, isTurnOpen } = this.#ports;
    for (let attempt = 1; !this.#store.mark && attempt <= LOADS_MAX; attempt++) {
      this.#isOvertaken = false;
      const { mark, agents } = await load();
      if (this.#isOvertaken) continue;
      parts.storage.commit(() => this.#store.replace(agents, mark, { keepsOld: isTurnOpen() }));
    }
  }
}

interface AgentChange {
  id: string;
  isGone: boolean;
  /** The assistant may delegate to it, so that it is to be held. */
  joins: boolean;
}

/** What an event says of an agent that this person's assistant may lead to; undefined when it says nothing of one. */
function agentChange({ topic, data }: PublishedEvent, userId: string): AgentChange | undefined {
  if (topic === "agents") {
    const joins = data.delegable && data.owner_id === userId;
    return { id: data.id, isGone: data.change === "deleted", joins };
  }
  // Who shares an agent keeps it.
  if (topic !== "shares" || data.kind !== "agent" || data.owner_id === userId) return undefined;
  return { id: data.resource_id, isGone: data.change === "ended", joins: false };
}
