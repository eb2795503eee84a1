import * as z from "zod";

export const Health = z.object({ status: z.literal("ok"), version: z.string() }).meta({ id: "Health" });

export const Ping = z.object({ pong: z.literal(true), server_time: z.iso.datetime() });

export const PartHealth = z
  .object({
    name: z.string(),
    status: z
      .enum(["ok", "degraded", "down", "off"])
      .describe("`off`: an optional part that nobody has set up"),
    required: z.boolean().describe("Without it the service is down, not degraded"),
    latency_ms: z.number().describe("Until the answer, or until it was given up"),
    detail: z.string().optional().describe("What is wrong, in words for an operator"),
  })
  .meta({ id: "PartHealth" });
export type PartHealth = z.infer<typeof PartHealth>;

export const ServiceHealth = z
  .object({
    status: z.enum(["ok", "degraded", "down"]),
    version: z.string(),
    checked_at: z.iso.datetime(),
    parts: z.array(PartHealth),
  })
  .meta({ id: "ServiceHealth" });
export type ServiceHealth = z.infer<typeof ServiceHealth>;

export const ErrorPage = z.object({ code: z.string().max(100) });
