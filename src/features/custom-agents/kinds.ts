/** The kinds of agents there are. A new one is a file under `kinds/`, a line here and its name in the schema. */
import type { Config } from "../../platform/env.ts";
import { chat } from "./kinds/chat.ts";
import { extractor } from "./kinds/extractor.ts";
import type { Kind } from "./kinds/kind.ts";
import { rag } from "./kinds/rag.ts";
import { router } from "./kinds/router.ts";
import type { AgentKind } from "./schema.ts";

export const KINDS: Readonly<Record<AgentKind, Kind>> = { chat, rag, extractor, router };

/** What is amiss with kinds of agents, each under its name; undefined when nothing is. */
export function kindsAmiss(config: Config): string | undefined {
  const amiss = Object.entries(KINDS).flatMap(([name, { health }]) => {
    const problem = health(config);
    return problem === undefined ? [] : [`${name}: ${problem}`];
  });
  return amiss.length > 0 ? amiss.join(" ") : undefined;
}
