/** Boots what the Worker under test talks to: Postgres with migrations applied, and the model stand-in. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { z } from "zod";
import { buildWorker } from "../../dev/built-worker.ts";
import { migrate } from "../../dev/migrate.ts";
import { startModelServer } from "../../dev/model/server.ts";
import type { LocalPostgres } from "../../dev/postgres/server.ts";
import { startPostgresThread } from "../../dev/postgres/thread.ts";
import { ROOT, SANDBOX_CONFIG } from "../../dev/project.ts";
import { createSecrets } from "../../dev/secrets.ts";
import { workerVars } from "../../dev/worker-vars.ts";
import { showPage } from "./pages.ts";
import { SEARCH_KEY, startSearchServer } from "./search-server.ts";
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
    /** Of the stand-in for services that search the web; `/_asked` lists the searches. */
    searchUrl: string;
    /** The bundle of the script that runs code. */
    sandboxScript: string;
    /** Instructions that hide in texts, of a public collection; none where it is not at hand. */
    injections: string[];
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const built = await mkdtemp(join(tmpdir(), "adjutant-sandbox-"));
  const [postgres, model, web, resolver, search, sandbox] = await Promise.all([
    startPostgresThread(),
    startModelServer(),
    startWeb(showPage),
    startResolver({}),
    startSearchServer(),
    buildWorker(built, { config: SANDBOX_CONFIG }),
  ]);
  await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
  const { urls, fetchEndpoint, wsProxy } = postgres;
  project.provide("postgres", { urls, fetchEndpoint, wsProxy });
  project.provide("modelUrl", model.url);
  project.provide("web", web.host);
  project.provide("searchUrl", search.url);
  project.provide("sandboxScript", sandbox);
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
        WEB_SEARCH: "brave",
        WEB_SEARCH_KEY: SEARCH_KEY,
        WEB_SEARCH_URL: search.url,
        EGRESS_ALLOW_HOSTS: web.host,
        EGRESS_RESOLVER_URL: `http://${resolver.host}/dns-query`,
      },
    }),
  );
  return async () => {
    await Promise.all([model.close(), web.close(), resolver.close(), search.close()]);
    await postgres.close();
    await rm(built, { recursive: true, force: true });
  };
}

async function readInjections(): Promise<string[]> {
  const file = await readFile(join(ROOT, "../shared/data/hostile/injection-text.json"), "utf8").catch(
    () => "{}",
  );
  return Object.values(z.record(z.string(), z.array(z.string())).parse(JSON.parse(file))).flat();
}
