/** The model stand-in's control endpoints, as a test in the runtime reaches them. */
import { inject } from "vitest";
import type { FaultInput } from "../../dev/model/faults.ts";
import type { LoggedRequest } from "../../dev/model/log.ts";
import type { ScriptInput } from "../../dev/model/scripts.ts";

export type ModelReply = ScriptInput["exchanges"][number]["reply"];

async function control(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${inject("modelUrl")}/_control/${path}`, {
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    headers: { "content-type": "application/json" },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Answers requests whose body holds `match` with these replies, one after the other; any further one fails. */
export async function scriptModel(match: string, replies: ModelReply[]): Promise<void> {
  await control("script", { match, strict: true, exchanges: replies.map((reply) => ({ reply })) });
}

/** A script whose exchanges are chosen by what the request holds. */
export async function scriptModelBy(match: string, exchanges: ScriptInput["exchanges"]): Promise<void> {
  await control("script", { match, strict: true, exchanges });
}

export async function breakModel(faults: (FaultInput & { match: string })[]): Promise<void> {
  await control("faults", faults);
}

/** The requests of turns that held `match` so far, or of the memory that learnt from them, oldest first. */
export async function modelRequests(
  match: string,
  purpose: LoggedRequest["purpose"] = "turn",
): Promise<LoggedRequest[]> {
  const { requests } = (await control(`requests?match=${encodeURIComponent(match)}`)) as {
    requests: LoggedRequest[];
  };
  return requests.filter((request) => request.purpose === purpose);
}
