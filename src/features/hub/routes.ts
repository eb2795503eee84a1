import { openRoute, type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as hub from "./service.ts";
import { openDeviceSocket } from "./upgrade.ts";

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
];
