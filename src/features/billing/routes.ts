import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import { type Meter, usageOf } from "./service.ts";

/** @param meters Of features that come later: given by who knows them all. */
export function usageRoutes(meters: readonly Meter[]): readonly Route[] {
  return [
    route(
      "GET",
      "/usage",
      {
        id: "getUsage",
        tag: "usage",
        summary: "See limits and what is used",
        description:
          "Of your tier, for you in this tenant. What you use of a colleague's collection counts as theirs.",
        policy: { action: "read", resource: "usage" },
        answer: schema.Usage,
      },
      ({ ctx }) => usageOf(ctx, meters),
    ),
  ];
}
