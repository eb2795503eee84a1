/**
 * Signed reasoning as current models give it, for models whose name says that they think: it comes with tool uses, is
 * wanted back with the results, and is bound to all that was sent before it.
 */
import { createHash, randomBytes } from "node:crypto";
import { newWireId, type Reply } from "./reply.ts";
import { ApiError, blocksOf, type MessagesRequest, type WireMessage } from "./wire.ts";

export class ThinkingLedger {
  /** Signature → fingerprint of what was sent when it was given. */
  readonly #prefixes = new Map<string, string>();
  /** Tool use id → signature of the reasoning that led to it. */
  readonly #signatures = new Map<string, string>();

  /** Gives each tool use its id and, for a thinking model, puts reasoning before it. */
  sign(reply: Reply, request: MessagesRequest): Reply {
    const content = reply.content.map((part) =>
      part.type === "tool_use" ? { ...part, id: part.id ?? newWireId("toolu") } : part,
    );
    const uses = content.filter((part) => part.type === "tool_use");
    if (!request.model.includes("thinking") || uses.length === 0) return { ...reply, content };
    const signature = randomBytes(24).toString("base64");
    this.#prefixes.set(signature, fingerprint(request, request.messages));
    for (const use of uses) this.#signatures.set(use.id, signature);
    return { ...reply, content: [{ type: "thinking", thinking: "", signature }, ...content] };
  }

  /**
   * Throws `ApiError` when reasoning comes back changed, or after something else than what led to it. Returns whether
   * reasoning was left out: the API takes that, but the model loses its thread.
   */
  check(request: MessagesRequest): { isReasoningMissing: boolean } {
    let isReasoningMissing = false;
    for (const [index, message] of request.messages.entries()) {
      const given = blocksOf(message).flatMap((block) =>
        block.type === "thinking" ? [block.signature] : [],
      );
      for (const signature of given) {
        const prefix = this.#prefixes.get(signature);
        if (prefix === undefined) throw broken(index, "");
        const isSame = prefix === fingerprint(request, request.messages.slice(0, index));
        if (!isSame) throw broken(index, " The block is bound to a different conversation.");
      }
      isReasoningMissing ||= this.#wanted(message).some((signature) => !given.includes(signature));
    }
    return { isReasoningMissing };
  }

  clear(): void {
    this.#prefixes.clear();
    this.#signatures.clear();
  }

  #wanted(message: WireMessage): string[] {
    return blocksOf(message).flatMap((block) => {
      const signature = block.type === "tool_use" ? this.#signatures.get(block.id) : undefined;
      return signature === undefined ? [] : [signature];
    });
  }
}

/** Of system prompt, tools and messages, but for cache marks and earlier reasoning. */
function fingerprint(request: MessagesRequest, messages: WireMessage[]): string {
  const isKept = (block: { type: string }) => !block.type.endsWith("thinking");
  const said = messages.map((message) => [message.role, blocksOf(message).filter(isKept)]);
  const text = JSON.stringify([request.system, request.tools, said], (key, value) =>
    key === "cache_control" ? undefined : value,
  );
  return createHash("sha256").update(text).digest("base64");
}

function broken(index: number, why: string): ApiError {
  const text = `messages.${index}.content.0: Invalid \`signature\` in \`thinking\` block.${why}`;
  return new ApiError(400, "invalid_request_error", text);
}
