/** Boots what the Worker under test talks to: Postgres with migrations applied, and the model stand-in. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { z } from "zod";
import { migrate } from "../../dev/migrate.ts";
import { startModelServer } from "../../dev/model/server.ts";
import type { LocalPostgres } from "../../dev/postgres/server.ts";
import { startPostgresThread } from "../../dev/postgres/thread.ts";
import { ROOT } from "../../dev/project.ts";
import { createSecrets } from "../../dev/secrets.ts";
import { workerVars } from "../../dev/worker-vars.ts";
import { showPage } from "./pages.ts";
import { startResolver, startWeb } from "./web.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The settings of the Worker under test, as `env` holds them. */
    workerVars: Record<string, string>;
    /** One connection string a role, and where the driver finds the server. */
    postgres: Pick<LocalPostgres, "urls" | "fetchEndpoint" | "wsProxy">;
    /** The stand-in's address: its control routes load scripts and faults. */
    modelUrl: string;
    /** `host:port` of a server whose pages the Worker may fetch, though it is on this machine. */
    web: string;
    /** Instructions that hide in texts, of a public collection; none where it is not at hand. */
    injections: string[];
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, model, web, resolver] = await Promise.all([
    startPostgresThread(),
    startModelServer(),
    startWeb(showPage),
    startResolver({}),
  ]);
  await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
  const { urls, fetchEndpoint, wsProxy } = postgres;
  project.provide("postgres", { urls, fetchEndpoint, wsProxy });
  project.provide("modelUrl", model.url);
  project.provide("web", web.host);
  project.provide("injections", await readInjections());
  project.provide(
    "workerVars",
    workerVars({
      environment: "test",
      publicUrl: "http://adjutant.test",
      postgres,
      secrets: createSecrets(),
      modelUrl: model.url,
      // Most tests count what a turn does; those of the memory turn it on.
      settings: {
        MEMORY_EXTRACTION: "off",
        EGRESS_ALLOW_HOSTS: web.host,
        EGRESS_RESOLVER_URL: `http://${resolver.host}/dns-query`,
      },
    }),
  );
  return async () => {
    await Promise.all([model.close(), web.close(), resolver.close()]);
    await postgres.close();
  };
}

async function readInjections(): Promise<string[]> {
  const file = await readFile(join(ROOT, "../shared/data/hostile/injection-text.json"), "utf8").catch(
    () => "{}",
  );
  return Object.values(z.record(z.string(), z.array(z.string())).parse(JSON.parse(file))).flat();
}
