/** The control endpoints of the stand-in: what a test in another process can ask of it. */
import { z } from "zod";
import { Fault, type FaultQueue } from "./faults.ts";
import type { RequestLog } from "./log.ts";
import { Script, type Scripts } from "./scripts.ts";
import type { ThinkingLedger } from "./thinking.ts";
import type { PromptCache } from "./usage.ts";

export interface Controls {
  faults: FaultQueue;
  scripts: Scripts;
  log: RequestLog;
  cache: PromptCache;
  thinking: ThinkingLedger;
}

const Reset = z.object({ match: z.string().optional() });

/** Forgets what belongs to `match`, or everything, the prompt cache included. */
export function reset(controls: Controls, match?: string): void {
  controls.faults.clear(match);
  controls.scripts.clear(match);
  controls.log.clear(match);
  if (match !== undefined) return;
  controls.cache.clear();
  controls.thinking.clear();
}

/** The answer to a request under `/_control/`, or undefined when there is no such control. */
export function control(
  controls: Controls,
  method: string,
  url: URL,
  body: () => unknown,
): object | undefined {
  const match = url.searchParams.get("match") ?? undefined;
  switch (`${method} ${url.pathname.slice("/_control/".length)}`) {
    case "POST faults":
      controls.faults.add(z.union([z.array(Fault), Fault.transform((fault) => [fault])]).parse(body()));
      return { pending: controls.faults.pending() };
    case "GET faults":
      return { pending: controls.faults.pending() };
    case "POST script":
      controls.scripts.load(Script.parse(body()));
      return { loaded: true };
    case "GET requests": {
      const requests = controls.log.find(match);
      return { count: requests.length, requests };
    }
    case "POST reset":
      reset(controls, Reset.parse(body() ?? {}).match);
      return { reset: true };
    default:
      return undefined;
  }
}
