/** What is learnt from a message, and the habits in many: plain English, said in plain ways. */
import type { MemoryTool } from "../purpose.ts";
import { type Reply, use } from "../reply.ts";
import type { Conversation } from "./conversation.ts";

interface Fact {
  key: string;
  value: string;
  quote: string;
}

interface Statement {
  statement: string;
  quote: string;
  replaces?: number;
}

const SENTENCE = /[^.!?\n]+[.!?]*/g;
const SUMMARY_CHARS_MAX = 200;

/** What a person says of themselves, and the key it is kept by. The first group is the value. */
const FACTS: readonly (readonly [RegExp, string])[] = [
  [/\b[Mm]y name is ([\p{L}'’-]+(?: [\p{Lu}][\p{L}'’-]+)*)/u, "name"],
  [/\b[Cc]all me ([\p{L}'’-]+)/u, "name"],
  [/\b[Mm]y time ?zone is ([\w+/-]+)/, "timezone"],
  [/\bI live in ([\p{Lu}][\p{L}'’-]+(?: [\p{Lu}][\p{L}'’-]+)*)/u, "city"],
  [/\b[Mm]y birthday is (?:on )?([\p{L}\p{N}., -]*[\p{L}\p{N}])/u, "birthday"],
  [/\b(?:I speak|[Aa]nswer me in|[Mm]y language is) (\p{Lu}\p{L}+)/u, "language"],
];

/** `I prefer tea` → The person prefers tea. */
const STATEMENT =
  /\bi (?:(?:now|always|usually|really|still) )?(prefer|like|love|hate|dislike|avoid|need|use|own|work|play|study|moved|drink|eat)s? (.+?)[.!]*$/i;
const REMEMBER = /^(?:please )?(?:remember|note|keep in mind) (?:that )?(.+?)[.!]*$/i;
const REPLACES = /\b(?:no longer|not any ?more|instead|now)\b/i;

export function learn(conversation: Conversation, tool: MemoryTool): Reply {
  if (tool === "note_patterns")
    return use({ name: tool, input: { patterns: patternsIn(conversation.text) } });
  const message = tagged(conversation.text, "message");
  const known = tagged(conversation.text, "known")
    .split("\n")
    .filter((line) => /^\d+\. /.test(line));
  const sentences = (message.match(SENTENCE) ?? []).map((sentence) => sentence.trim());
  const stated = sentences.filter((sentence) => !sentence.endsWith("?"));
  const facts = stated.flatMap(factIn);
  const statements = stated
    .filter((sentence) => !factIn(sentence).length)
    .flatMap((one) => statementIn(one, known));
  return use({ name: tool, input: { facts, statements, summary: summaryOf(message) } });
}

function factIn(sentence: string): Fact[] {
  return FACTS.flatMap(([pattern, key]) => {
    const [quote, value] = pattern.exec(sentence) ?? [];
    return quote && value ? [{ key, value: value.trim(), quote }] : [];
  }).slice(0, 1);
}

function statementIn(sentence: string, known: readonly string[]): Statement[] {
  const [, verb, rest] = STATEMENT.exec(sentence) ?? [];
  if (!verb || !rest) {
    const fact = REMEMBER.exec(sentence)?.[1];
    return fact ? [{ statement: `${fact}.`, quote: fact }] : [];
  }
  const stem = `The person ${verb.toLowerCase()}${verb.endsWith("d") ? "" : "s"}`;
  const statement = `${stem} ${rest.replace(REPLACES, "").trim()}.`;
  const quote = sentence.replace(/[.!]+$/, "");
  const replaced = REPLACES.test(sentence) ? known.findIndex((line) => line.includes(stem)) : -1;
  return [{ statement, quote, ...(replaced >= 0 ? { replaces: replaced + 1 } : {}) }];
}

function summaryOf(message: string): string | null {
  const text = message.replace(/\s+/g, " ").trim();
  if (text.split(" ").length < 2) return null;
  return `The person said: ${text.slice(0, SUMMARY_CHARS_MAX).toWellFormed()}`;
}

/** One for all summaries, when there are enough of them. */
function patternsIn(text: string): object[] {
  const lines = tagged(text, "summaries")
    .split("\n")
    .filter((line) => /^\d+\. /.test(line));
  if (lines.length < 3) return [];
  const summaries = lines.map((line) => line.replace(/^.*?\d\d:\d\d: /, "").toLowerCase());
  const words = summaries.map((summary) => new Set(summary.match(/\p{L}{5,}/gu)));
  const common = [...(words[0] ?? [])].find(
    (word) => word !== "person" && words.every((each) => each.has(word)),
  );
  if (!common) return [];
  return [{ pattern: `Asks about ${common}`, summaries: lines.map((_, at) => at + 1), confidence: 0.9 }];
}

function tagged(text: string, tag: string): string {
  return new RegExp(`<${tag}>\\n([\\s\\S]*?)\\n</${tag}>`).exec(text)?.[1]?.replaceAll("&lt;", "<") ?? "";
}
