import { z } from "zod";

export const Ticket = z
  .object({
    ticket: z.string().describe("Opens one socket: `/api/v1/ws/device?ticket=…`"),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: "Ticket" });
export type Ticket = z.infer<typeof Ticket>;

export const Device = z
  .object({
    device_id: z.string(),
    online: z.boolean(),
    tools: z.boolean().describe("Executes tool calls; a viewer only chats and watches"),
    app: z
      .object({ name: z.string(), version: z.string(), timezone: z.string(), locale: z.string() })
      .partial()
      .describe("What the app said of itself"),
    first_seen_at: z.iso.datetime(),
    last_seen_at: z.iso.datetime(),
  })
  .meta({ id: "Device" });
export type Device = z.infer<typeof Device>;

export const DeviceList = z
  .object({ data: z.array(Device), next_cursor: z.null() })
  .meta({ id: "DeviceList" });

export const DeviceInfo = z
  .object({
    device_id: z.string(),
    info: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe("In the device's own words; null when it has none"),
  })
  .meta({ id: "DeviceInfo" });
export type DeviceInfo = z.infer<typeof DeviceInfo>;

export const DeviceId = z.object({ id: z.string().min(1).max(200) });
