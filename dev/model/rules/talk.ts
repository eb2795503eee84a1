/** What needs no rows: greetings, and what is to be remembered or was remembered. */
import { type Reply, say, use } from "../reply.ts";
import type { Conversation } from "./conversation.ts";
import { keywordsOf } from "./reading/vocabulary.ts";
import { sentencesFor, sourcesIn } from "./sources.ts";

const GREETING = /^(?:hello|hi|hey|good (?:morning|afternoon|evening)|howdy)(?: there)?[\s!.,]*$/i;
const THANKS = /^(?:thanks?|thank you|great|perfect|cool|nice)\b[^?]{0,30}$/i;
const REMEMBER = /^(?:please )?(?:remember|keep in mind|don't forget) (?:that )?(.+?)[.!]*$/i;
const FORGET =
  /^(?:please |can you |could you )?forget (?:that |about )?(.+?)[.!?]*$|^(?:please )?((?:stop|no more) suggest.*?)[.!]*$/i;
const ANSWER_CHARS_MAX = 60;
const CONFIRMED = /<confirmed>(.+)<\/confirmed>/;
const RECALL = /\b(?:what do you (?:know|remember) about|do you remember|what did we (?:say|talk|speak))\b/i;
const DOCUMENTS = /\b(?:in|according to) (?:the|my|our) (?:documents?|handbook|knowledge base|files|docs)\b/i;

const UNSAID = "Your documents do not say.";

/** The next step when the message is about no rows at all. */
export function smallTalk(conversation: Conversation, message: string): Reply | undefined {
  const text = message.trim();
  if (GREETING.test(text)) return say("Hello! What can I do for you?");
  if (THANKS.test(text)) return say("You're welcome.");
  if (CONFIRMED.test(conversation.system) && text.length <= ANSWER_CHARS_MAX)
    return say("I will remember that.");
  const forgotten = FORGET.exec(text);
  if (forgotten) {
    const what = (forgotten[1] ?? forgotten[2] ?? text).slice(0, 300);
    return withTool(conversation, { name: "forget_memory", input: { what } }, wordForgotten);
  }
  const fact = REMEMBER.exec(text)?.[1];
  if (fact)
    return withTool(
      conversation,
      { name: "update_core_memory", input: memoryOf(fact) },
      () => "I will remember that.",
      wordUnstored,
    );
  if (RECALL.test(text)) {
    const query = keywordsOf(text).join(" ") || text;
    return withTool(conversation, { name: "recall", input: { query } }, (result) => result);
  }
  if (!DOCUMENTS.test(text)) return undefined;
  return withTool(
    conversation,
    { name: "search_knowledge", input: { query: text.replace(DOCUMENTS, "").trim() } },
    (result) => sentencesFor(text.replace(DOCUMENTS, ""), sourcesIn(result)).join(" ") || UNSAID,
  );
}

function wordForgotten(result: string): string {
  const done = /^(Forgotten|Never suggested again): (.+)\. Say so/.exec(result);
  return done ? `${done[1]}: ${done[2]}.` : "I remember nothing in these words.";
}

function wordUnstored(result: string): string {
  return /asked to confirm/.test(result)
    ? "I will ask you about that."
    : `That is not kept as a fact. ${result}`;
}

/** Uses the tool once, then words its result. */
function withTool(
  conversation: Conversation,
  call: { name: string; input: Record<string, unknown> },
  word: (result: string) => string,
  wordError = (result: string) => `That did not work: ${result}`,
): Reply {
  const step = conversation.rounds.flat().findLast((other) => other.name === call.name);
  if (step) return say(step.isError ? wordError(step.result) : word(step.result));
  return conversation.tools.has(call.name) ? use(call) : say("I cannot do that here.");
}

/** "my name is Zoë" → name: Zoë; other facts are kept as they are said. */
function memoryOf(fact: string): { key: string; value: string } {
  const named = /^(?:my|the) ([\w ]{2,30}?) (?:is|are) (.+)$/i.exec(fact);
  if (named) return { key: named[1]!.toLowerCase().replace(/\s+/g, "_"), value: named[2]! };
  const preference = /^i (?:prefer|like|want) (.+)$/i.exec(fact);
  return preference ? { key: "preference", value: preference[1]! } : { key: "fact", value: fact };
}
