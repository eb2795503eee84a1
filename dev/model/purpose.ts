import type { MessagesRequest } from "./wire.ts";

/** What a request is for: a person's turn, or the memory that learns from it afterwards. The only tool on offer tells. */
export type Purpose = "turn" | "memory";

export const MEMORY_TOOLS = ["remember", "note_patterns"] as const;
export type MemoryTool = (typeof MEMORY_TOOLS)[number];

const IN_BODY = new RegExp(`"tools":\\[\\{"name":"(${MEMORY_TOOLS.join("|")})"`);

/** The memory's tool that this request offers, and no other beside it. */
export function memoryToolOf({ tools = [] }: Pick<MessagesRequest, "tools">): MemoryTool | undefined {
  const [only, ...others] = tools;
  return others.length === 0 ? MEMORY_TOOLS.find((name) => name === only?.name) : undefined;
}

export function purposeOf(request: Pick<MessagesRequest, "tools">): Purpose {
  return memoryToolOf(request) ? "memory" : "turn";
}

/** As `purposeOf`, from the text of a request as the product's client writes it. */
export function purposeOfBody(rawBody: string): Purpose {
  return IN_BODY.test(rawBody) ? "memory" : "turn";
}
