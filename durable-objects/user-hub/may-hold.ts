import type { HubStorage } from "./storage.ts";

/**
 * Rows of a table that is empty most of the time, and looked into with every turn: once found empty it is not read again
 * before something is written. The hub is the only writer.
 */
export class MayHold {
  readonly #storage: Pick<HubStorage, "rollbacks" | "row">;
  readonly #from: string;
  /** Found empty, and nothing was undone since: what was undone may have been a deletion. */
  #emptySince: number | undefined;

  /** `from` names the table, with a condition if only some rows count. */
  constructor(storage: Pick<HubStorage, "rollbacks" | "row">, from: string) {
    this.#storage = storage;
    this.#from = from;
  }

  /** A row is being written. */
  note(): void {
    this.#emptySince = undefined;
  }

  rows<Row>(read: () => Row[]): Row[] {
    if (this.#emptySince === this.#storage.rollbacks) return [];
    const rows = read();
    if (rows.length === 0) this.#look();
    return rows;
  }

  #look(): void {
    const isEmpty = this.#storage.row(`SELECT 1 FROM ${this.#from} LIMIT 1`) === undefined;
    this.#emptySince = isEmpty ? this.#storage.rollbacks : undefined;
  }
}
