/** Three projects: pure logic in Node, the Worker in workerd, and journeys that drive whole processes. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { sandboxWorkerOf } from "./dev/built-worker.ts";

export default defineConfig({
  test: {
    // What the Worker logs is worth reading only beside a test that failed.
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "node",
          setupFiles: ["test/support/property-seed.ts"],
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.workers.test.ts", "test/journeys/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest(async ({ inject }) => ({
            remoteBindings: false,
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: inject("workerVars"),
              workers: [await sandboxWorkerOf(inject("sandboxScript"))],
            },
          })),
        ],
        test: {
          name: "workers",
          include: ["test/**/*.workers.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "journeys",
          include: ["test/journeys/**/*.test.ts"],
          globalSetup: ["test/support/build-once.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
