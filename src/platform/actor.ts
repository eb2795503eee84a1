/** Who does something. Every kind but `system` acts for a person and never has more rights than that person's role. */
export type Actor =
  | { kind: "user"; userId: string; sessionId: string }
  | { kind: "api_key"; userId: string; apiKeyId: string }
  | { kind: "automation"; userId: string; automationId: string }
  | { kind: "plugin"; userId: string; pluginId: string }
  /** Work that nobody waits for: flushing an outbox, pruning. `userId` names the person it concerns, if any. */
  | { kind: "system"; job: string; userId?: string };

/** The id that an audit row names beside the kind. */
export function actorId(actor: Actor): string {
  switch (actor.kind) {
    case "user":
      return actor.userId;
    case "api_key":
      return actor.apiKeyId;
    case "automation":
      return actor.automationId;
    case "plugin":
      return actor.pluginId;
    case "system":
      return actor.job;
  }
}
