import { HubFrame } from "../../src/features/hub/protocol.ts";
import { inHub, onWrites } from "./hub.ts";
import type { TestUser } from "./users.ts";

/** Every write of the hub and every frame it sends from now on, in order; a frame like the one before counts once. */
export async function timeline(user: TestUser): Promise<string[]> {
  const events: string[] = [];
  await inHub(user, (state) => {
    onWrites(state.storage, (write) => events.push(write));
    for (const socket of state.getWebSockets()) {
      const send = socket.send.bind(socket);
      socket.send = (text) => {
        const { type } = HubFrame.parse(JSON.parse(String(text)));
        if (events.at(-1) !== type) events.push(type);
        send(text);
      };
    }
  });
  return events;
}

export function countOf(events: string[], write: "commit" | "alarm"): number {
  return events.filter((event) => event === write).length;
}
