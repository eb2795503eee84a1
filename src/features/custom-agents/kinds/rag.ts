import * as z from "zod";
import { createEmbedder } from "../../../platform/embedder.ts";
import { customAgent, customFrame } from "../../agent/service.ts";
import type { TextReader } from "../../agent/types.ts";
import {
  ANSWER_INSTRUCTIONS,
  AnswerReader,
  citationsOf,
  questionBlock,
  sourceBlock,
} from "../../knowledge/service.ts";
import { FoundSource } from "../schema.ts";
import { type Kind, missing, unused } from "./kind.ts";

const FRAME = customFrame(ANSWER_INSTRUCTIONS);

/** Answers from its collections alone, and says where each thing stands. */
export const rag: Kind = {
  check: (definition) => [
    ...unused(definition, "schema", "agents", "tools"),
    ...(definition.collections.length > 0
      ? []
      : missing("collections", "must name the collections it answers from")),
  ],
  health: ({ embedder }) => (createEmbedder(embedder).id === "" ? "The embedder has no name." : undefined),
  async run({ name, system_prompt, collections }, stage, { role, search }) {
    const { message: question } = stage;
    // The marks of a journaled answer mean the sources that its model saw.
    const kept = await stage.keep("sources", () => search(collections, question));
    const sources = z.array(FoundSource).parse(kept);
    if (sources.length === 0) {
      const { text } = new AnswerReader(question, 0).end();
      stage.say(text);
      return text;
    }
    const answer = await stage.run({
      path: "",
      agent: customAgent({ frame: FRAME, name, role, instructions: system_prompt }),
      message: `${sourceBlock(sources)}\n\n${questionBlock(question)}`,
      speaksThrough: () => readerOf(question, sources.length),
    });
    const { text, cited } = readAnswer(question, sources.length, answer.kind === "answer" ? answer.text : "");
    stage.cite(citationsOf(sources, { question, text, cited }));
    return text;
  },
};

function readerOf(question: string, sources: number): TextReader {
  const reader = new AnswerReader(question, sources);
  return { push: (delta) => reader.push(delta), end: () => reader.end().rest };
}

function readAnswer(question: string, sources: number, text: string) {
  const reader = new AnswerReader(question, sources);
  reader.push(text);
  return reader.end();
}
