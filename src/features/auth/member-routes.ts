import { type Route, route } from "../../platform/routes.ts";
import * as members from "./members.ts";
import { ListMembers, Member, MemberId, MemberPage, RoleChange, TenantId } from "./schema.ts";

const tag = "tenants";
const to = (action: string) => ({ action, resource: "members" });

export const memberRoutes: readonly Route[] = [
  route(
    "GET",
    "/tenants/{id}/members",
    {
      id: "listMembers",
      tag,
      policy: to("read"),
      summary: "List who belongs to a tenant",
      description: "For owners and admins of the tenant that you are signed in to.",
      params: TenantId,
      query: ListMembers,
      answer: MemberPage,
      errors: ["bad_request", "session_revoked"],
    },
    ({ ctx, params, query }) => members.listMembers(ctx, params.id, query),
  ),
  route(
    "PATCH",
    "/tenants/{id}/members/{user_id}",
    {
      id: "changeRole",
      tag,
      policy: to("update"),
      summary: "Give a member another role",
      description:
        "Only an owner makes an owner, or something else of one; the last owner stays. It counts from the member's next " +
        "request on.",
      params: MemberId,
      body: RoleChange,
      answer: Member,
      errors: ["conflict", "session_revoked"],
    },
    ({ ctx, params, body }) =>
      members.changeRole(ctx, { tenantId: params.id, userId: params.user_id }, body.role),
  ),
  route(
    "DELETE",
    "/tenants/{id}/members/{user_id}",
    {
      id: "removeMember",
      tag,
      policy: to("delete"),
      summary: "End a membership",
      description:
        "Ends the member's sessions here, closes their sockets and stops what runs. What they share here ends, and what " +
        "they made stays, out of everybody's sight. There is no way back yet: who has no other membership cannot sign in " +
        "any more. Nobody ends their own membership.",
      params: MemberId,
      errors: ["conflict", "session_revoked"],
    },
    ({ ctx, params }) => members.removeMember(ctx, { tenantId: params.id, userId: params.user_id }),
  ),
];
