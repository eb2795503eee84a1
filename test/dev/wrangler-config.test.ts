import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { CRONS } from "../../src/crons.ts";
import { DEAD_LETTERS } from "../../src/queues.ts";
import { ANONYMOUS_LIMIT } from "../../src/request-host.ts";

const named = z.array(z.object({ name: z.string() }));
const bound = z.array(z.object({ binding: z.string() }));
/** What of the file this test compares. */
const WranglerConfig = z.object({
  name: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  migrations: z.array(z.unknown()),
  durable_objects: z.object({
    bindings: z.array(
      z.object({ name: z.string(), class_name: z.string(), script_name: z.string().optional() }),
    ),
  }),
  r2_buckets: z.array(z.object({ binding: z.string(), bucket_name: z.string() })),
  queues: z.object({
    producers: z.array(z.object({ binding: z.string(), queue: z.string() })),
    consumers: z
      .array(
        z.looseObject({
          queue: z.string(),
          max_batch_size: z.number(),
          dead_letter_queue: z.string().optional(),
        }),
      )
      .default([]),
  }),
  analytics_engine_datasets: z.array(z.object({ binding: z.string(), dataset: z.string() })),
  send_email: named,
  ratelimits: z.array(
    z.object({ name: z.string(), simple: z.object({ limit: z.number(), period: z.number() }) }),
  ),
  kv_namespaces: bound,
  services: z.array(z.object({ binding: z.string(), service: z.string() })).default([]),
  limits: z.object({ cpu_ms: z.number() }).optional(),
  workflows: z.array(z.object({ binding: z.string(), name: z.string(), class_name: z.string() })),
  vectorize: bound,
  ai: z.object({ binding: z.string() }).optional(),
  vars: z.record(z.string(), z.unknown()),
  triggers: z.object({ crons: z.array(z.string()).default([]) }),
  observability: z.unknown(),
});
type WranglerConfig = z.infer<typeof WranglerConfig>;

const MAIN = { local: read("wrangler.toml", ""), production: read("wrangler.toml", "production") };
const INGEST = {
  local: read("wrangler.ingest.toml", ""),
  production: read("wrangler.ingest.toml", "production"),
};

const SANDBOX = {
  local: read("wrangler.sandbox.toml", ""),
  production: read("wrangler.sandbox.toml", "production"),
};

describe.each([
  ["wrangler.toml", MAIN],
  ["wrangler.ingest.toml", INGEST],
])("%s", (_, { local, production }) => {
  it("gives production every binding of the local Worker, and beside them only what cannot run locally", () => {
    const shared = bindingsOf(local);
    expect(shared.length).toBeGreaterThan(0);
    expect(bindingsOf(production).filter((binding) => !shared.includes(binding))).toEqual([
      "ai AI",
      "vectorize VECTORS",
    ]);
    expect(bindingsOf(production)).toEqual(expect.arrayContaining(shared));
  });

  it("settles queues, classes and crons alike in both", () => {
    expect(settlingOf(production)).toEqual(settlingOf(local));
  });

  it("shares no bucket, queue, data set or workflow between the two", () => {
    const shared = resourcesOf(production).filter((name) => resourcesOf(local).includes(name));
    expect(resourcesOf(production)).toHaveLength(resourcesOf(local).length);
    expect(shared).toEqual([]);
  });

  it("keeps addresses, which may hold tickets, out of the platform's logs", () => {
    for (const config of [local, production]) {
      expect(config.observability).toMatchObject({ enabled: true, logs: { invocation_logs: false } });
    }
  });
});

describe("wrangler.toml", () => {
  const { local, production } = MAIN;

  it("reaches hosts of our own zone as anybody does, through what protects them", () => {
    for (const config of [local, production]) {
      expect(config.compatibility_flags).toContain("global_fetch_strictly_public");
    }
  });

  it("leaves the queue's messages to the script that is made for them", () => {
    expect([local, production].flatMap(({ queues }) => queues.consumers)).toEqual([]);
  });

  it("fires the crons that have jobs, and no others", () => {
    expect([...local.triggers.crons].sort()).toEqual(Object.keys(CRONS).sort());
  });

  it("limits anonymous callers as the answers' headers say", () => {
    const limits = [local, production].map(({ ratelimits }) => ratelimits[0]?.simple);
    const stated = { limit: ANONYMOUS_LIMIT.requests, period: ANONYMOUS_LIMIT.windowS };
    expect(limits).toEqual([stated, stated]);
  });
});

describe.each(["local", "production"] as const)("the two scripts, %s", (place) => {
  const [main, ingest] = [MAIN[place], INGEST[place]];

  it("run on the same runtime and share bucket and queue", () => {
    expect(ingest.compatibility_date).toBe(main.compatibility_date);
    expect(ingest.compatibility_flags).toEqual(main.compatibility_flags);
    expect(ingest.r2_buckets).toEqual(main.r2_buckets);
    expect(ingest.queues.producers).toEqual(main.queues.producers);
    expect(ingest.vectorize).toEqual(main.vectorize);
    expect(ingest.ai).toEqual(main.ai);
  });

  it("share the hubs, which are the main one's", () => {
    expect(ingest.durable_objects.bindings).toEqual(
      main.durable_objects.bindings.map((each) => ({ ...each, script_name: main.name })),
    );
    expect(ingest.migrations).toEqual([]);
  });

  it("have every message read, one at a time, and every dead letter too", () => {
    const [queue] = main.queues.producers.map((producer) => producer.queue);
    const [consumer, ofDeadLetters, ...others] = ingest.queues.consumers;
    expect(consumer).toMatchObject({ queue, max_batch_size: 1 });
    expect(ofDeadLetters).toMatchObject({ queue: consumer?.dead_letter_queue, max_batch_size: 1 });
    expect(ofDeadLetters?.queue).toMatch(DEAD_LETTERS);
    expect(others).toEqual([]);
  });
});

describe.each(["local", "production"] as const)("the script that runs code, %s", (place) => {
  const [main, sandbox] = [MAIN[place], SANDBOX[place]];

  it("is the one that the main script is bound to, on the same runtime", () => {
    expect(main.services).toEqual([{ binding: "SANDBOX", service: sandbox.name }]);
    expect(sandbox.compatibility_date).toBe(main.compatibility_date);
    expect(sandbox.compatibility_flags).toEqual(main.compatibility_flags);
  });

  it("is bound to nothing, has no settings, and is ended when it takes long", () => {
    expect(bindingsOf(sandbox)).toEqual([]);
    expect(resourcesOf(sandbox)).toEqual([]);
    expect(sandbox.vars).toEqual({});
    expect(sandbox.limits).toEqual({ cpu_ms: 5_000 });
  });
});

/** Kind and name of each binding, sorted. */
function bindingsOf(config: WranglerConfig): string[] {
  return [
    ...config.durable_objects.bindings.map(({ name }) => `durable object ${name}`),
    ...config.r2_buckets.map(({ binding }) => `r2 ${binding}`),
    ...config.queues.producers.map(({ binding }) => `queue ${binding}`),
    ...config.analytics_engine_datasets.map(({ binding }) => `analytics ${binding}`),
    ...config.send_email.map(({ name }) => `email ${name}`),
    ...config.ratelimits.map(({ name }) => `rate limit ${name}`),
    ...config.kv_namespaces.map(({ binding }) => `kv ${binding}`),
    ...config.workflows.map(({ binding }) => `workflow ${binding}`),
    ...config.services.map(({ binding }) => `service ${binding}`),
    ...config.vectorize.map(({ binding }) => `vectorize ${binding}`),
    ...(config.ai ? [`ai ${config.ai.binding}`] : []),
  ].sort();
}

function settlingOf({
  durable_objects,
  migrations,
  queues,
  workflows,
  triggers,
  compatibility_date,
  compatibility_flags,
}: WranglerConfig) {
  return {
    classes: [...durable_objects.bindings, ...workflows].map(({ class_name }) => class_name),
    migrations,
    consumers: queues.consumers.map(
      ({ queue: _queue, dead_letter_queue: _deadLetters, ...settings }) => settings,
    ),
    triggers,
    compatibility_date,
    compatibility_flags,
  };
}

function resourcesOf({
  r2_buckets,
  queues,
  analytics_engine_datasets,
  workflows,
  services,
}: WranglerConfig): string[] {
  return [
    ...r2_buckets.map(({ bucket_name }) => bucket_name),
    ...queues.producers.map(({ queue }) => queue),
    ...queues.consumers.map(({ queue }) => queue),
    ...analytics_engine_datasets.map(({ dataset }) => dataset),
    ...workflows.map(({ name }) => name),
    ...services.map(({ service }) => service),
  ];
}

function read(file: string, env: string): WranglerConfig {
  const path = join(import.meta.dirname, "../..", file);
  return WranglerConfig.parse(unstable_readConfig({ config: path, env }, { hideWarnings: true }));
}
