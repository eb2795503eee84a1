import type { Context, Hono } from "hono";
import { AppError } from "./errors.ts";
import type { ShellVariables } from "./http.ts";
import type { Host, Route } from "./routes.ts";

interface Shell<Bindings extends object> {
  Bindings: Bindings;
  Variables: ShellVariables;
}

/**
 * Serves routes under `prefix`. Literal segments win over `{name}`, whatever the order of the list; a known path with
 * another method answers `method_not_allowed`.
 */
export function serveRoutes<Bindings extends object, Ctx, Guest>(
  app: Hono<Shell<Bindings>>,
  prefix: string,
  routes: readonly Route<Ctx, Guest>[],
  hostOf: (c: Context<Shell<Bindings>>) => Host<Ctx, Guest>,
): void {
  const byPath = Map.groupBy(routes, ({ path }) => prefix + path);
  // "{" sorts after letters, digits and "-".
  for (const path of [...byPath.keys()].sort()) {
    const offered = byPath.get(path) ?? [];
    const pattern = path.replace(/\{(\w+)\}/g, ":$1");
    for (const route of offered) {
      app.on(route.method, pattern, (c) => {
        c.set("route", path);
        return route.answer(c.req.raw, hostOf(c));
      });
    }
    app.all(pattern, (c) => {
      c.set("route", path);
      c.var.answerHeaders["allow"] = offered.map(({ method }) => method).join(", ");
      throw new AppError("method_not_allowed");
    });
  }
}
