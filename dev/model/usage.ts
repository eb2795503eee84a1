/** Token figures: estimated from lengths, with a prompt cache that remembers the marked prefixes it has seen. */
import { createHash } from "node:crypto";
import { type Reply, textOf } from "./reply.ts";
import { blocksOf, type MessagesRequest } from "./wire.ts";

export interface Usage {
  input_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  output_tokens: number;
}

/** One piece of a prompt in the order the API hashes it: tools, system, messages. */
interface Piece {
  text: string;
  /** The prefix up to here may be cached. */
  isBreakpoint: boolean;
}

export class PromptCache {
  /** Fingerprints of cached prefixes. Entries do not expire, and small prompts are cached too, unlike the API's. */
  readonly #seen = new Set<string>();

  measure(request: MessagesRequest, reply: Reply): Usage {
    let tokens = 0;
    let cached = 0;
    let marked = 0;
    const hash = createHash("sha256").update(request.model);
    for (const piece of piecesOf(request)) {
      tokens += countTokens(piece.text);
      hash.update(`${piece.text.length}:${piece.text}`);
      if (!piece.isBreakpoint) continue;
      const prefix = hash.copy().digest("base64");
      if (this.#seen.has(prefix)) cached = tokens;
      else this.#seen.add(prefix);
      marked = tokens;
    }
    return {
      input_tokens: tokens - marked,
      cache_creation_input_tokens: marked - cached,
      cache_read_input_tokens: cached,
      output_tokens: countReply(reply),
    };
  }

  clear(): void {
    this.#seen.clear();
  }
}

export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

export function countReply(reply: Reply): number {
  const parts = reply.content.map((part) => {
    if (part.type === "text") return textOf(part);
    if (part.type === "thinking") return part.thinking;
    return part.name + (part.rawJson ?? JSON.stringify(part.input));
  });
  return Math.max(
    1,
    parts.reduce((tokens, part) => tokens + countTokens(part), 0),
  );
}

function piecesOf(request: MessagesRequest): Piece[] {
  const piece = (block: object): Piece => ({
    text: JSON.stringify({ ...block, cache_control: undefined }),
    isBreakpoint: "cache_control" in block && Boolean(block.cache_control),
  });
  const system = typeof request.system === "string" ? [{ text: request.system }] : (request.system ?? []);
  return [
    ...(request.tools ?? []).map(piece),
    ...system.map(piece),
    ...request.messages.flatMap((message) =>
      blocksOf(message).map((block) => piece({ role: message.role, ...block })),
    ),
  ];
}
