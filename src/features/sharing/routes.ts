import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as sharing from "./service.ts";

const to = (action: string) => ({ action, resource: "shares" });

/** @param owned What can be shared: given by who knows all features. */
export function shareRoutes(owned: sharing.Owned): readonly Route[] {
  return [
    route(
      "POST",
      "/shares",
      {
        id: "createShare",
        tag: "sharing",
        summary: "Share something of your own",
        description:
          "With one member of the tenant or with all of them. Who has it already gets the new right. It stays yours: nobody " +
          "else can share or delete it.",
        policy: to("create"),
        body: schema.CreateShare,
        answer: schema.Share,
        status: 201,
        creates: "row",
        errors: ["not_found", "conflict"],
      },
      ({ ctx, body, newId }) => sharing.createShare(ctx, owned, body, newId),
    ),
    route(
      "GET",
      "/shares",
      {
        id: "listShares",
        tag: "sharing",
        summary: "List shares",
        description: "What you share and what is shared with you, the newest first.",
        policy: to("read"),
        query: schema.ListShares,
        answer: schema.SharePage,
        errors: ["bad_request"],
      },
      ({ ctx, query }) => sharing.listShares(ctx, query),
    ),
    route(
      "DELETE",
      "/shares/{id}",
      {
        id: "deleteShare",
        tag: "sharing",
        summary: "End a share",
        description: "One that you gave, or one that you were given by name.",
        policy: to("delete"),
        params: schema.ShareId,
      },
      ({ ctx, params }) => sharing.deleteShare(ctx, params.id),
    ),
  ];
}
