import type { ApprovalAsk, ApprovalDecision } from "../../src/features/agent/types.ts";
import { describeApproval } from "../../src/features/tools/policy.ts";
import { TurnSuspended } from "../../src/features/tools/types.ts";
import { derivedId } from "../../src/lib/ids.ts";
import type { HubParts } from "./parts.ts";
import type { TurnRun } from "./turn-run.ts";

/** Asks the person, once: throws `TurnSuspended` until there is a decision. */
export function askPerson(
  parts: HubParts,
  run: TurnRun,
  ask: ApprovalAsk,
  surroundings: { timezone: string },
): ApprovalDecision {
  const { requestId } = run.row;
  const approvalId = derivedId(requestId, "approval", ask.position);
  const approval = parts.approvals.find(approvalId);
  if (approval && approval.state !== "open") {
    if (approval.state === "approved")
      run.memory.noteApproved(describeApproval(ask.tool, ask.input, surroundings).summary);
    return decisionOf(parts, approvalId, approval.state);
  }
  run.leaveReplay();
  run.signal.throwIfAborted();
  if (!run.input.canAsk) return NOBODY_TO_ASK;
  if (!approval) {
    const frame = run.frames.number({
      type: "approval_request",
      approval_id: approvalId,
      ...describeApproval(ask.tool, ask.input, surroundings),
    });
    const expiresAt = parts.clock.now() + parts.limits.approvalTtlMs;
    run.commit(() => parts.approvals.open(approvalId, requestId, expiresAt));
    run.frames.send(frame);
  }
  throw new TurnSuspended();
}

function decisionOf(
  parts: HubParts,
  approvalId: string,
  state: "approved" | "rejected" | "expired",
): ApprovalDecision {
  if (state === "approved") return { kind: "approved" };
  if (state === "expired") {
    return { kind: "declined", reason: "The person did not answer in time. Nothing was changed." };
  }
  const note = parts.approvals.note(approvalId);
  return {
    kind: "declined",
    reason: `The person declined this. Nothing was changed.${note ? ` They said: ${note}` : ""}`,
  };
}

const NOBODY_TO_ASK: ApprovalDecision = {
  kind: "declined",
  reason: "This needs the person's approval, and there is no way to ask here. Nothing was changed. Say so.",
};
