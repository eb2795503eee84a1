import { AppError } from "../../src/lib/errors.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { Role } from "../../src/platform/db.ts";
import type { Connections } from "./connections.ts";
import type { Turns } from "./turns.ts";
import type { Vault } from "./vault.ts";

const TURN_STARTERS: readonly Role[] = ["owner", "admin", "member"];

export interface RightsPorts {
  vault: Vault;
  connections: Connections;
  turns: Turns;
  createCtx(): Ctx;
}

/** What the user may do: as the database said when they connected, until the hub is told that this has changed. */
export class HubRights {
  readonly #ports: RightsPorts;

  constructor(ports: RightsPorts) {
    this.#ports = ports;
  }

  /** Throws `forbidden`. */
  assertMayStart(): void {
    const { isShutOut, principal } = this.#ports.vault;
    if (isShutOut) throw new AppError("forbidden", { detail: "You are no member here any more." });
    if (!TURN_STARTERS.includes(principal.role)) {
      throw new AppError("forbidden", { detail: "Your role may read but not start turns." });
    }
  }

  /** Asks the database anew. Who may do nothing any more is cut off. Throws when it cannot be asked. */
  async read(): Promise<void> {
    const { vault, connections, turns, createCtx } = this.#ports;
    try {
      const { role, tier } = await createCtx().db.identify();
      if (role) vault.changeRights({ role, tier });
    } catch (cause) {
      if (!isRefusal(cause)) throw cause;
      connections.shutOut();
      turns.cancelAll();
    }
  }
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof AppError && (cause.code === "forbidden" || cause.code === "account_disabled");
}
