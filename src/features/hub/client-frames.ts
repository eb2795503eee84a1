import type { z } from "zod";
import { ClientFrame } from "./protocol.ts";

const SCHEMAS: ReadonlyMap<unknown, z.ZodType<ClientFrame>> = new Map(
  ClientFrame.options.map((frame) => [frame.shape.type.value, frame]),
);

/** Reads one frame of a client by its own schema: an unknown `type` fails as the union would, only sooner. */
export function readClientFrame(raw: unknown): z.ZodSafeParseResult<ClientFrame> {
  const type = typeof raw === "object" && raw !== null && "type" in raw ? raw.type : undefined;
  return (SCHEMAS.get(type) ?? ClientFrame).safeParse(raw);
}
