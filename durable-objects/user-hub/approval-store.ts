import * as z from "zod";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

export type ApprovalState = "open" | "approved" | "rejected" | "expired";

export interface Approval {
  approvalId: string;
  requestId: string;
  state: ApprovalState;
  expiresAt: number;
}

const Note = z.object({ note: z.string().optional() });

type ApprovalColumns = { approval_id: string; request_id: string; state: ApprovalState; expires_at: number };

/** Decisions that turns wait for. What is to be decided is in the turn's frames; here is only what was decided. */
export class ApprovalStore {
  readonly #storage: HubStorage;
  readonly #vault: Vault;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
  }

  open(approvalId: string, requestId: string, expiresAt: number): void {
    this.#storage.run(
      "INSERT OR IGNORE INTO approvals VALUES (?, ?, 'open', ?, ?)",
      approvalId,
      requestId,
      expiresAt,
      this.#vault.seal("approvals", approvalId, {}),
    );
  }

  find(approvalId: string): Approval | undefined {
    const row = this.#storage.row<ApprovalColumns>(
      "SELECT approval_id, request_id, state, expires_at FROM approvals WHERE approval_id = ?",
      approvalId,
    );
    return row && readApproval(row);
  }

  ofTurn(requestId: string): Approval[] {
    return this.#storage
      .rows<ApprovalColumns>(
        "SELECT approval_id, request_id, state, expires_at FROM approvals WHERE request_id = ?",
        requestId,
      )
      .map(readApproval);
  }

  decide(approvalId: string, state: Exclude<ApprovalState, "open">, note?: string): void {
    this.#storage.run(
      "UPDATE approvals SET state = ?, body = ? WHERE approval_id = ? AND state = 'open'",
      state,
      this.#vault.seal("approvals", approvalId, note === undefined ? {} : { note }),
      approvalId,
    );
  }

  note(approvalId: string): string | undefined {
    const row = this.#storage.row<{ body: ArrayBuffer }>(
      "SELECT body FROM approvals WHERE approval_id = ?",
      approvalId,
    );
    return row && this.#vault.open("approvals", approvalId, row.body, Note.parse).note;
  }
}

function readApproval(row: ApprovalColumns): Approval {
  return {
    approvalId: row.approval_id,
    requestId: row.request_id,
    state: row.state,
    expiresAt: row.expires_at,
  };
}
