/** A specialist's next step: the calls its instruction needs, then a report of what they brought. */
import { type Reply, say, use } from "../reply.ts";
import { comment, create, decide, remove, uncomment, update } from "./changes.ts";
import type { Conversation } from "./conversation.ts";
import { settleProject } from "./locate.ts";
import { present } from "./present.ts";
import { type Intent, readIntent, type Verb } from "./reading/intent.ts";
import { DOMAINS, type Domain, WORDS } from "./reading/vocabulary.ts";
import { chart, comments, count, find, list, show, summarise } from "./reads.ts";
import { todayIn } from "./today.ts";
import { type Move, missing, type Work } from "./work.ts";

const ACTS: Readonly<Record<Verb, (work: Work) => Move>> = {
  list,
  count,
  chart,
  summarise,
  find,
  show,
  create,
  update,
  delete: remove,
  comment,
  comments,
  uncomment,
  decide,
};

/** The domain whose rows these tools change; of those that only read, the first. */
export function domainOf(tools: ReadonlySet<string>): Domain | undefined {
  const changes = (domain: Domain) => tools.has(WORDS[domain].update) || tools.has(WORDS[domain].create);
  return DOMAINS.find(changes) ?? DOMAINS.find((domain) => tools.has(WORDS[domain].list));
}

/** Works through an instruction for a supervisor, and reports in the tools' own form. */
export function workOn(conversation: Conversation, domain: Domain): Reply {
  const { instruction } = splitContext(conversation.text);
  const intent = readIntent(instruction, { today: todayIn(conversation.system), defaultDomain: domain });
  const move =
    intent.domain === domain ? nextMove(conversation, intent) : missing(`That is not about ${domain}.`);
  return "calls" in move ? use(...move.calls) : say(move.report);
}

/** Answers the person directly, or hands over what belongs to another domain. */
export function speakFor(conversation: Conversation, domain: Domain): Reply {
  const intent = readIntent(conversation.text, {
    today: todayIn(conversation.system),
    defaultDomain: domain,
  });
  if (intent.domain !== domain && conversation.tools.has("hand_over")) {
    return use({ name: "hand_over", input: { instruction: conversation.text } });
  }
  const move = nextMove(conversation, intent);
  if ("calls" in move) return use(...move.calls);
  return say(present(intent, move.report, { tags: false }));
}

/** What a run of tool uses has found when no more may follow. */
export function nextMove(conversation: Conversation, intent: Intent): Move {
  const { rounds, tools, system } = conversation;
  const work: Work = { intent, steps: rounds.flat(), tools, system };
  return settleProject(work) ?? ACTS[intent.verb](work);
}

function splitContext(text: string): { instruction: string; context: string } {
  const [instruction = "", ...context] = text.split(/\n\nContext:\n/);
  return { instruction, context: context.join("\n") };
}
