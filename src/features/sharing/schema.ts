import * as z from "zod";
import { PageQuery, pageOf } from "../../lib/pagination.ts";

export const ShareKind = z.enum(["collection", "agent"]);
export type ShareKind = z.infer<typeof ShareKind>;

export const ShareRight = z
  .enum(["read", "write"])
  .describe("To write is to read and to add, replace, change and delete what is in it; it stays the owner's");
export type ShareRight = z.infer<typeof ShareRight>;

export const ShareId = z.object({ id: z.uuid() });

export const Share = z
  .object({
    id: z.uuid(),
    kind: ShareKind,
    resource_id: z.uuid(),
    owner_id: z.uuid(),
    user_id: z.uuid().nullable().describe("With whom; null for every member of the tenant"),
    right: ShareRight,
    created_at: z.iso.datetime(),
  })
  .meta({ id: "Share" });
export type Share = z.infer<typeof Share>;
export const SharePage = pageOf(Share);

export const CreateShare = z
  .object({
    kind: ShareKind,
    resource_id: z.uuid(),
    user_id: z.uuid().nullable().describe("A member of the tenant; null for all of them"),
    right: ShareRight,
  })
  .refine(({ kind, right }) => kind !== "agent" || right === "read", {
    path: ["right"],
    message: "of an agent is `read`: to read and to run it. Only who made it changes it",
  });
export type CreateShare = z.infer<typeof CreateShare>;

export const ListShares = PageQuery.extend({ kind: ShareKind.optional(), resource_id: z.uuid().optional() });
export type ListShares = z.infer<typeof ListShares>;
