import type { ApiInfo } from "./lib/openapi.ts";

/** What the OpenAPI document says of the API as a whole; its tags are in reading order. */
export const API_INFO: Omit<ApiInfo, "version"> = {
  title: "Adjutant",
  description: [
    "The model thinks at the edge; the user's data stays on the user's own device. This is the HTTP side: accounts, " +
      "chats and turns. Devices connect by WebSocket at `/api/v1/ws/device`.",
    "Sign in to get an access token, good for 15 minutes, and send it as `Authorization: Bearer`. A failed request " +
      "answers `application/problem+json` with a stable `code` and a `request_id`. Lists take `limit` and `cursor` and " +
      "answer `data` and `next_cursor`. What creates something takes an `Idempotency-Key`; what can be changed has an " +
      "`ETag` and takes `If-Match`. Times are RFC 3339.",
  ].join("\n\n"),
  tags: [
    { name: "auth", description: "Accounts, tokens and sessions." },
    { name: "tenants", description: "Who belongs to a tenant, and what they may do there." },
    { name: "chat", description: "Turns: a person asks, the assistant works with their device and answers." },
    { name: "chats", description: "What was said, kept enveloped under the user's own key." },
    {
      name: "memory",
      description: "What the assistant remembers of a person, theirs to see, correct and delete.",
    },
    {
      name: "knowledge",
      description: "Documents a person keeps, cut into parts and found by words and meaning.",
    },
    { name: "sharing", description: "What members of one tenant let each other see and change." },
    { name: "agents", description: "Agents that people make: what they are told, may use and may spend." },
    { name: "device", description: "The devices that hold the user's data and carry out tool calls." },
    {
      name: "events",
      description: "What happens meanwhile, as it happens: told to sockets, and to readers here.",
    },
    { name: "storage", description: "What a device computes or keeps in the cloud." },
    { name: "usage", description: "What a tier allows, and how much of it is used." },
    { name: "operations", description: "Whether the service is well." },
    { name: "docs", description: "What you are reading, and what it is made from." },
  ],
};
