/** Requests without tools: a title or a summary of what they hold. */
import { type Reply, say } from "../reply.ts";
import type { Conversation } from "./conversation.ts";

const TITLE_WORDS = 6;
const SENTENCES = 2;

export function writeUp({ system, text, history }: Conversation): Reply {
  const wants = `${system}\n${text}`;
  const first = history.find(({ role }) => role === "user")?.text ?? text;
  if (/\btitle\b/i.test(wants)) {
    const words = first
      .replace(/[^\p{L}\p{N}\s'’-]/gu, " ")
      .trim()
      .split(/\s+/);
    return say(words.slice(0, TITLE_WORDS).join(" "));
  }
  if (/\bsummar/i.test(wants)) return say(sentencesOf(text).slice(0, SENTENCES).join(" "));
  return say("Hello! I can help with tasks, projects, milestones and notes once I have the tools for them.");
}

function sentencesOf(text: string): string[] {
  return (
    text
      .replace(/\s+/g, " ")
      .match(/[^.!?]+[.!?]*/g)
      ?.map((sentence) => sentence.trim()) ?? [text]
  );
}
