import { isAgreement } from "../../src/features/memory/agreement.ts";
import { bearingWords } from "../../src/features/memory/bearing.ts";
import { isIdentity, keptKey } from "../../src/features/memory/core-facts.ts";
import { proposeCore } from "../../src/features/memory/merge.ts";
import { isSaidOfSelf, speaksOfSelf } from "../../src/features/memory/of-self.ts";
import { Grounds, normalised, ownWords } from "../../src/features/memory/own-words.ts";
import type { CoreEntry, MemoryItem } from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { ToolOutput } from "../../src/features/tools/types.ts";
import { newId } from "../../src/lib/ids.ts";
import type { HubMemory, TurnOfChange } from "./memory.ts";
import { questionText } from "./memory-question-text.ts";
import type { OpenQuestion } from "./memory-questions.ts";
import type { Learning } from "./run-journal.ts";
import type { TurnRun } from "./turn-run.ts";

/** What one turn may do to core memory: take what the person says of themselves, and ask about the rest. */
export class TurnFacts {
  readonly #memory: HubMemory;
  readonly #run: TurnRun;
  /** What the end of the answer asks. */
  #asks: OpenQuestion | undefined;

  constructor(memory: HubMemory, run: TurnRun) {
    this.#memory = memory;
    this.#run = run;
  }

  /** What the turn's message answers is settled, before the prompt is made: taken on a plain yes, else dropped. */
  takeAnswer(): CoreEntry[] {
    const { questions } = this.#memory;
    const { input, row } = this.#run;
    const asked = questions.asked(row.createdAt);
    if (asked.length === 0) return [];
    const own = ownWords(input.message);
    const agreed = asked.filter((question) => this.#agrees(question, own));
    this.#memory.change(() => {
      for (const { key } of asked) questions.drop(key);
      for (const question of agreed) this.#memory.confirm(question, this.#origin);
    });
    return agreed.map(({ key, proposed }) => ({ key, value: proposed }));
  }

  /** Decided once for each `position`. */
  learn(position: string, entry: CoreEntry, said: readonly string[]): ToolOutput {
    return this.#run.learn(position, () => this.#decide(entry, said));
  }

  /** The question that the answer ends with. */
  closing(): string | undefined {
    const { input, row } = this.#run;
    if (input.kind !== "home") return undefined;
    this.#asks = this.#memory.questions.next(this.#memory.now, row.requestId);
    return this.#asks && questionText(this.#asks, input);
  }

  /** Part of the commit that ends the turn. Only what an answer has asked is asked. */
  settle({ isDone }: { isDone: boolean }): void {
    const { questions, now } = this.#memory;
    const { input, row } = this.#run;
    // This message answered them, though nothing could be made of it.
    for (const { key } of questions.asked(row.createdAt)) questions.drop(key);
    if (isDone && this.#asks) questions.noteAsked(this.#asks, { chatId: input.chatId, now });
  }

  /** A yes belongs to the chat of the question, or begins a new one; what somebody says of themselves holds anywhere. */
  #agrees({ key, proposed, askedIn }: OpenQuestion, own: string): boolean {
    const { chatId = null, startsChat } = this.#run.input;
    if (startsChat || chatId === askedIn) if (isAgreement(own, proposed)) return true;
    return isStatedIn({ key, value: proposed }, [own]);
  }

  #decide({ key: named, value }: CoreEntry, said: readonly string[]): Learning {
    const { requestId, createdAt: now } = this.#run.row;
    const core = this.#memory.store.core(now);
    const entry = { key: keptKey(named, core), value };
    const known = core.find(({ body }) => body.tier === "core" && body.key === entry.key);
    if (known && normalised(textOf(known.body)) === normalised(value)) return { output: STORED };
    const own = said.map(ownWords);
    if (!isStatedIn(entry, own)) return this.#doubt(entry, known);
    const quote = bearingWords(spoken(entry), [this.#message, ...own]);
    // All of its words are theirs, which is more than the rules ask for.
    const source = { entry, origin: "person" as const, own: new Grounds([entry.value]), quote };
    const proposal = proposeCore(core, { ...source, requestId }, { now, newId });
    if (proposal.kind === "write")
      return { output: STORED, write: () => this.#memory.write(source, this.#origin) };
    if (proposal.kind === "refuse") return { output: NO_ROOM };
    // What they said long ago in this chat, and may have said no to since, is not asked again.
    return isStatedIn(entry, [this.#message]) ? this.#raise(entry, known) : { output: UNSAID };
  }

  /** Where they do speak of themselves, the model may have put in other words who they are. */
  #doubt(entry: CoreEntry, known: MemoryItem | undefined): Learning {
    const isWorthAsking = isIdentity(entry.key) && speaksOfSelf(this.#message);
    return isWorthAsking ? this.#raise(entry, known) : { output: UNSAID };
  }

  #raise({ key, value }: CoreEntry, known: MemoryItem | undefined): Learning {
    const { requestId } = this.#run.row;
    const before = known ? textOf(known.body) : null;
    const quote = bearingWords(spoken({ key, value }), [this.#message]);
    const question = { key, known: before, proposed: value, quote, requestId };
    return { output: UNCONFIRMED, write: () => this.#memory.raise(question, this.#origin) };
  }

  get #message(): string {
    return ownWords(this.#run.input.message);
  }

  get #origin(): TurnOfChange {
    const { requestId, createdAt: beganAt } = this.#run.row;
    return { requestId, beganAt };
  }
}

const STORED: ToolOutput = { text: "Remembered." };
const UNSAID: ToolOutput = {
  text: "Not stored: in this turn the person has not said this of themselves. What they do say is learnt after it, from their own words. Do not ask about it.",
  isError: true,
};
const UNCONFIRMED: ToolOutput = {
  text: "Not stored yet: the person will be asked to confirm it, after a later answer. Do not ask them yourself.",
  isError: true,
};
const NO_ROOM: ToolOutput = { text: "Not stored: there is no room for more facts.", isError: true };

/** As a person would say it: of a time zone the place. */
function spoken({ key, value }: CoreEntry): string {
  return /time_?zone|^tz$/.test(key) ? (value.split("/").at(-1) ?? value).replaceAll("_", " ") : value;
}

function isStatedIn(entry: CoreEntry, own: readonly string[]): boolean {
  const said = { value: spoken(entry), isIdentity: isIdentity(entry.key) };
  return own.some((words) => isSaidOfSelf(said, words));
}
