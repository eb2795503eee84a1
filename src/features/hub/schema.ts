import * as z from "zod";
import { EventTopic } from "./event-topics.ts";

export { type ChatChange, EVENT_TOPICS, EventTopic, PublishedEvent } from "./event-topics.ts";

const POLL_WAIT_MAX_S = 30;

export const Ticket = z
  .object({
    ticket: z.string().describe("Opens one socket: `/api/v1/ws/device?ticket=…`"),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: "Ticket" });
export type Ticket = z.infer<typeof Ticket>;

export const Device = z
  .object({
    device_id: z.string(),
    online: z.boolean(),
    tools: z.boolean().describe("Executes tool calls; a viewer only chats and watches"),
    app: z
      .object({ name: z.string(), version: z.string(), timezone: z.string(), locale: z.string() })
      .partial()
      .describe("What the app said of itself"),
    first_seen_at: z.iso.datetime(),
    last_seen_at: z.iso.datetime(),
  })
  .meta({ id: "Device" });
export type Device = z.infer<typeof Device>;

export const DeviceList = z
  .object({ data: z.array(Device), next_cursor: z.null() })
  .meta({ id: "DeviceList" });

export const DeviceInfo = z
  .object({
    device_id: z.string(),
    info: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe("In the device's own words; null when it has none"),
  })
  .meta({ id: "DeviceInfo" });
export type DeviceInfo = z.infer<typeof DeviceInfo>;

/** What the hub tells the edge where it waits for a reader. `ready` and `reset` carry the id of the newest event. */
export const EventMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("event"),
    id: z.string(),
    topic: EventTopic,
    data: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal("ready"), id: z.string() }),
  z.object({ type: z.literal("reset"), id: z.string() }),
]);
export type EventMessage = z.infer<typeof EventMessage>;

const EventCursor = z.string().regex(/^\d{1,15}$/, "must be a cursor that an answer gave");

/** Names with commas between them. */
const EventTopics = z
  .string()
  .max(200)
  .refine((text) => text.split(",").every((name) => EventTopic.safeParse(name).success), {
    message: `must be topics with commas between them; there are: ${EventTopic.options.join(", ")}`,
  })
  .describe("Only of these topics, with commas between them; without it of all");

export const FollowEvents = z.object({ topics: EventTopics.optional() });
export type FollowEvents = z.infer<typeof FollowEvents>;

export const PollEvents = FollowEvents.extend({
  cursor: EventCursor.optional().describe("Of the answer before; without one, only what happens from now on"),
  wait_s: z.coerce
    .number()
    .int()
    .min(0)
    .max(POLL_WAIT_MAX_S)
    .default(0)
    .describe("How long to wait when nothing has happened yet"),
});
export type PollEvents = z.infer<typeof PollEvents>;

export const EventPage = z
  .object({
    data: z.array(
      z.object({
        id: z.string(),
        topic: EventTopic,
        data: z
          .record(z.string(), z.unknown())
          .describe("Ids, states and counts, by topic as in the protocol reference; never content"),
      }),
    ),
    cursor: z.string().describe("Send it with the next request"),
    reset: z
      .boolean()
      .describe(
        "What happened after your cursor is not known any more: ask for the state itself, and go on from here",
      ),
  })
  .meta({ id: "EventPage" });
export type EventPage = z.infer<typeof EventPage>;

export const DeviceId = z.object({ id: z.string().min(1).max(200) });
