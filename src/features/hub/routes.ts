import { openRoute, type Route, route } from "../../platform/routes.ts";
import { answerEvents } from "./events.ts";
import * as schema from "./schema.ts";
import * as hub from "./service.ts";
import { openDeviceSocket } from "./upgrade.ts";

const readEvents = { action: "read", resource: "events" };
const eventErrors = ["session_revoked", "rate_limited", "timeout"] as const;
const EVENT_NOTES =
  "Events hold ids, states and counts, never content. The last 1,000 of a day are kept: `reset` says that some of what you missed " +
  "is not known any more. At most eight readers of one person wait at a time. The protocol reference says what each topic tells.";

export const hubRoutes: readonly Route[] = [
  openRoute(
    "GET",
    "/ws/device",
    {
      id: "openDeviceSocket",
      tag: "device",
      summary: "Open the device socket",
      description:
        "WebSocket, protocol `adjutant.v3`. The credential comes as the sub-protocol `bearer.<access token>`, as the " +
        "`Authorization` header, or as `?ticket=` from `POST /ws/ticket`. The frames are in the protocol reference.",
      public: true,
      limited: false,
      media: ["application/json"],
      errors: ["unauthorized", "token_expired", "upgrade_required"],
    },
    ({ ctx, request }) => openDeviceSocket(ctx, request),
  ),
  route(
    "POST",
    "/ws/ticket",
    {
      id: "createTicket",
      tag: "device",
      summary: "Make a ticket for one socket",
      description: "Single use, good for 30 seconds.",
      policy: { action: "connect", resource: "devices" },
      answer: schema.Ticket,
      status: 201,
      errors: ["session_revoked"],
    },
    ({ ctx }) => hub.createTicket(ctx),
  ),
  route(
    "GET",
    "/devices",
    {
      id: "listDevices",
      tag: "device",
      summary: "List devices",
      policy: { action: "read", resource: "devices" },
      answer: schema.DeviceList,
    },
    ({ ctx }) => hub.listDevices(ctx),
  ),
  route(
    "GET",
    "/devices/{id}/info",
    {
      id: "deviceInfo",
      tag: "device",
      summary: "Ask a device about itself",
      description:
        "The device answers over its socket, so it must be connected. Nothing of its answer is kept.",
      policy: { action: "read", resource: "devices" },
      params: schema.DeviceId,
      answer: schema.DeviceInfo,
      errors: ["device_offline", "timeout"],
    },
    ({ ctx, params }) => hub.deviceInfo(ctx, params.id),
  ),
  route(
    "DELETE",
    "/devices/{id}",
    {
      id: "removeDevice",
      tag: "device",
      summary: "Forget a device",
      description: "Closes its socket. With a good session it may connect again.",
      policy: { action: "delete", resource: "devices" },
      params: schema.DeviceId,
    },
    ({ ctx, params }) => hub.removeDevice(ctx, params.id),
  ),
  route(
    "GET",
    "/events",
    {
      id: "streamEvents",
      tag: "events",
      summary: "Follow what happens",
      description:
        "With `Accept: text/event-stream` a stream: each event under its topic, with its id, and `ready` once you have been told " +
        `what you missed. ${EVENT_NOTES} A stream ends after 15 minutes; take it up with \`Last-Event-ID\`. Without that \`Accept\` ` +
        "it answers what happened since `Last-Event-ID`.",
      policy: readEvents,
      query: schema.FollowEvents,
      answer: schema.EventPage,
      media: ["text/event-stream"],
      errors: eventErrors,
    },
    ({ ctx, request, query }) => answerEvents(ctx, request, query),
  ),
  route(
    "GET",
    "/events/poll",
    {
      id: "pollEvents",
      tag: "events",
      summary: "Wait for what happens",
      description: `Answers when something happened, or after \`wait_s\`. ${EVENT_NOTES}`,
      policy: readEvents,
      query: schema.PollEvents,
      answer: schema.EventPage,
      errors: eventErrors,
    },
    ({ ctx, query }) => hub.pollEvents(ctx, query),
  ),
];
