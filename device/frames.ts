import { type ClientFrame, HubFrame } from "../src/features/hub/protocol.ts";

/** A frame from the hub that does not fit its schema, or whose type this version does not know. */
export interface BadFrame {
  message: string;
  type: string | undefined;
  /** Set for a call, which can at least be answered. */
  callId: string | undefined;
}

export function parseHubFrame(text: string): { ok: true; frame: HubFrame } | { ok: false; bad: BadFrame } {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { ok: false, bad: { message: "not JSON", type: undefined, callId: undefined } };
  }
  const parsed = HubFrame.safeParse(raw);
  if (parsed.success) return { ok: true, frame: parsed.data };
  const type = textField(raw, "type");
  const callId = type === "tool_call" ? textField(raw, "id") : undefined;
  const issue = parsed.error.issues[0];
  const message = `${issue?.path.join(".") || "frame"}: ${issue?.message ?? "does not fit"}`;
  return { ok: false, bad: { message, type, callId } };
}

/** The text of a frame, or null when it is larger than the hub takes. */
export function frameText(frame: ClientFrame, bytesMax: number): string | null {
  const text = JSON.stringify(frame);
  // A UTF-16 unit takes at most three bytes of UTF-8: most frames need no counting.
  if (text.length * 3 <= bytesMax) return text;
  return new TextEncoder().encode(text).byteLength <= bytesMax ? text : null;
}

function textField(raw: unknown, name: string): string | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return undefined;
  const value = (raw as Record<string, unknown>)[name];
  return typeof value === "string" && value.length > 0 && value.length <= 200 ? value : undefined;
}
