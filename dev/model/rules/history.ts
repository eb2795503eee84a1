/** What "it", "the first one" and short answers to questions refer to in what was said before. */
import type { Conversation } from "./conversation.ts";
import type { Intent } from "./reading/intent.ts";
import { DOMAINS, type Domain, WORDS } from "./reading/vocabulary.ts";

interface Shown {
  domain: Domain;
  ids: string[];
}

const TAG = /<(task|project|note|timeline)>\[([^\]]*)\]<\/\1>/g;

/** The rows that earlier answers showed, newest answer first; of one domain if it is named. */
function shownBefore(conversation: Conversation, domain?: Domain): Shown[] {
  const answers = conversation.history.filter(({ role }) => role === "assistant").toReversed();
  return answers.flatMap(({ text }) => {
    const tags = [...text.matchAll(TAG)].flatMap(([, tag, ids = ""]) => {
      const own = DOMAINS.find((other) => WORDS[other].tag === tag)!;
      return domain && own !== domain ? [] : [{ domain: own, ids: ids.split(",").map((id) => id.trim()) }];
    });
    const [first] = tags;
    if (!first) return [];
    const same = tags.filter((other) => other.domain === first.domain);
    return [{ domain: first.domain, ids: same.flatMap(({ ids }) => ids) }];
  });
}

/** The titles of the latest list, for clients that keep no tags in their history. */
function lastTitles(conversation: Conversation): string[] {
  const list = conversation.history.findLast(({ role, text }) => role === "assistant" && /^- /m.test(text));
  return (list?.text.match(/^- .+$/gm) ?? []).map((line) => line.slice(2).replace(/ \([^()]*\)$/, ""));
}

/**
 * The intent with its reference resolved: "complete the first one" names an id, or at least a title. Undefined when it
 * points at something that was never shown.
 */
export function resolveReference(conversation: Conversation, intent: Intent): Intent | undefined {
  const { target } = intent;
  if (target?.kind !== "ordinal" && target?.kind !== "pointer") return intent;
  const shown = shownBefore(conversation, intent.isDomainNamed ? intent.domain : undefined);
  const pick = <Item>(items: Item[]): Item[] => {
    if (target.kind === "ordinal") {
      return items.slice(target.index, target.index === -1 ? undefined : target.index + 1);
    }
    return target.count === "all" || items.length === 1 ? items : [];
  };
  // "The second one" is the second of the latest list, whatever single rows were spoken of since.
  const meant = (target.kind === "ordinal" && shown.find(({ ids }) => ids.length > 1)) || shown[0];
  if (meant) {
    const ids = pick(meant.ids);
    return ids.length > 0 ? { ...intent, domain: meant.domain, target: { kind: "ids", ids } } : undefined;
  }
  const [title] = pick(lastTitles(conversation));
  if (title !== undefined) return { ...intent, target: { kind: "title", title } };
  // "Complete the first task" may still mean the first of the list as it is now.
  return target.kind === "ordinal" && intent.isDomainNamed ? intent : undefined;
}

/** A message that only answers the assistant's last question, joined to the request that the question was about. */
export function joinAnswer(conversation: Conversation): string {
  const { text, history } = conversation;
  const question = history.at(-1);
  const request = history.findLast(({ role }) => role === "user")?.text;
  if (question?.role !== "assistant" || !question.text.includes("?") || !request || text.length > 80)
    return text;
  const answer = text
    .replace(/^(?:for|in|on|at|the|it is|it's|call it|to)\b ?/i, "")
    .replace(/[.!]+$/, "")
    .trim();
  if (/\bfor which project\b/i.test(question.text))
    return `${request} in project “${answer.replace(/^the | project$/gi, "")}”`;
  if (/\bwhat should it be called\b/i.test(question.text)) return `${request} called “${answer}”`;
  if (/\bwhen is it\b/i.test(question.text)) return `${request} on ${answer}`;
  if (/\bwhat should it say\b/i.test(question.text)) return `${request} saying “${text}”`;
  return text;
}

/** An instruction that a specialist can follow without the conversation. */
export function instructionFor(intent: Intent): string {
  const { text, target } = intent;
  const full = text.replace(/[\s,;]+$/, "");
  if (target?.kind === "ids") return `${full} (ids: ${target.ids.join(", ")})`;
  if (target?.kind === "title" && !full.includes(target.title)) return `${full} (titled “${target.title}”)`;
  return full;
}
