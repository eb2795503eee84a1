/** Agents that compute or search the web: an expression in the request is computed, anything else looked for. */
import { type Reply, say, use } from "../reply.ts";
import type { Conversation, Step } from "./conversation.ts";

const NUMBER = /-?\d+(?:\.\d+)?/g;
const EXPRESSION = /-?\d+(?:\.\d+)?(?:\s*[-+*/×]\s*-?\d+(?:\.\d+)?)+/;

/** The next step with `run_code` or `web_search`; undefined when neither is for this request. */
export function useOwnTools(conversation: Conversation): Reply | undefined {
  const { text, tools, rounds } = conversation;
  const steps = rounds.flat();
  const done = steps.findLast(({ name }) => name === "run_code" || name === "web_search");
  if (done) return say(done.isError ? `That did not work: ${done.result}` : reportOf(done));
  const job = tools.has("run_code") ? jobOf(text) : undefined;
  if (job) return use({ name: "run_code", input: job });
  return tools.has("web_search")
    ? use({ name: "web_search", input: { query: text.slice(0, 400) } })
    : undefined;
}

function jobOf(text: string): Record<string, unknown> | undefined {
  const expression = EXPRESSION.exec(text)?.[0].replaceAll("×", "*");
  if (expression) return { code: `return ${expression};` };
  const numbers = text.match(NUMBER)?.map(Number) ?? [];
  if (numbers.length < 2) return undefined;
  const sum = "const sum = input.reduce((total, each) => total + each, 0);";
  if (/\b(?:average|mean)\b/i.test(text))
    return { code: `${sum} return sum / input.length;`, input: numbers };
  return /\b(?:sum|total|add)\b/i.test(text) ? { code: `${sum} return sum;`, input: numbers } : undefined;
}

function reportOf({ name, result }: Step): string {
  if (name === "run_code") return `That is ${/^Result: (.*)$/m.exec(result)?.[1] ?? "nothing"}.`;
  const first = result.split("\n").find((line) => line.startsWith("1. "));
  if (!first) return "The web has nothing on this.";
  const { title, url, text } = JSON.parse(first.slice(3)) as Record<"title" | "url" | "text", string>;
  return `${title}: ${text} (${url})`;
}
