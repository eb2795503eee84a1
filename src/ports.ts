/** The wiring of what low features tell high ones. */
import { rosterMarkOf, selectRosterMark } from "./features/custom-agents/service.ts";
import { hubOf } from "./features/hub/client.ts";
import { selectNotices, tellHubs } from "./features/hub/notices.ts";
import { PublishedEvent } from "./features/hub/schema.ts";
import { MemoryCommand } from "./features/memory/schema.ts";
import type { Ports } from "./platform/context.ts";

/** `userHub` is the namespace binding of the hubs. */
export function portsOf({ userHub, objects, ingest }: Pick<Ports, "userHub" | "objects" | "ingest">): Ports {
  return {
    userHub,
    objects,
    ingest,
    sessionEnded: ({ sessionId, ...owner }) => hubOf({ userHub }, owner).endSessions(sessionId),
    changeMemory: (visitor, command) =>
      hubOf({ userHub }, visitor).changeMemory(visitor, MemoryCommand.parse(command)),
    agentsMark: { select: selectRosterMark, read: rosterMarkOf },
    notices: { select: selectNotices, tell: tellHubs },
    publish: (owner, announcement) =>
      hubOf({ userHub }, owner).publishEvent(PublishedEvent.parse(announcement)),
  };
}
