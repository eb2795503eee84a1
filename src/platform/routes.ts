import { type Route as AnyRoute, routeMakers } from "../lib/routes.ts";
import { uploadRouteMaker } from "../lib/upload-routes.ts";
import type { Ctx, GuestCtx } from "./context.ts";

/** `route` for callers with credentials, `openRoute` for anybody: what each feature's `routes.ts` is made of. */
export const { route, openRoute } = routeMakers<Ctx, GuestCtx>();

/** As `route`, for what takes the bytes of a file too. */
export const uploadRoute = uploadRouteMaker<Ctx, GuestCtx>();

export type Route = AnyRoute<Ctx, GuestCtx>;
