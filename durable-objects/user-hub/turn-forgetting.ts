import {
  type ForgetRequest,
  forgetRequest,
  namedIn,
  suggestionMeant,
} from "../../src/features/memory/forget-request.ts";
import { isLive } from "../../src/features/memory/item.ts";
import { ownWords } from "../../src/features/memory/own-words.ts";
import type { MemoryCommand, MemoryItem } from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { ToolOutput } from "../../src/features/tools/types.ts";
import type { HubMemory } from "./memory.ts";
import { pages } from "./memory-forgetting.ts";
import type { TurnRun } from "./turn-run.ts";

/** Of one request. More is done over the app, where each is seen. */
const FORGOTTEN_MAX = 10;

/** Forgets what the message of a turn asks to have forgotten: as its person can over REST, and nothing that it does not name. */
export class TurnForgetting {
  readonly #memory: HubMemory;
  readonly #run: TurnRun;

  constructor(memory: HubMemory, run: TurnRun) {
    this.#memory = memory;
    this.#run = run;
  }

  async forget(what: string): Promise<ToolOutput> {
    const request = forgetRequest(ownWords(this.#run.input.message));
    if (!request) return NOT_ASKED;
    await this.#memory.loading.whole();
    const meant = this.#meant(request, what);
    if (meant.length === 0) return NOTHING_FITS;
    // An item may go along with one before it.
    for (const item of meant) await this.#memory.obey(commandFor(item));
    const told = meant.map((item) => JSON.stringify(textOf(item.body))).join(", ");
    const verb = request.isOfSuggestion ? "Never suggested again" : "Forgotten";
    return { text: `${verb}: ${told}. Say so in a few words.` };
  }

  #meant(request: ForgetRequest, what: string): MemoryItem[] {
    const { store, now } = this.#memory;
    if (request.isOfSuggestion) {
      const habits = store.current("proactive", now).filter(({ dismissedAt }) => dismissedAt === null);
      const meant = suggestionMeant(request, habits);
      return meant ? [meant] : [];
    }
    const known = [...pages(store, ["core", "associative"])].filter((item) => isLive(item, now));
    return namedIn(request, known, what).slice(0, FORGOTTEN_MAX);
  }
}

function commandFor({ id, body }: MemoryItem): MemoryCommand {
  switch (body.tier) {
    case "core":
      return { kind: "delete_core", key: body.key };
    case "proactive":
      return { kind: "dismiss", id };
    default:
      return { kind: "delete", tier: body.tier, id };
  }
}

const NOT_ASKED: ToolOutput = {
  text: "Not forgotten: the person's own message does not ask for it.",
  isError: true,
};
const NOTHING_FITS: ToolOutput = {
  text: "Nothing that is remembered has these words. Tell the person so; they can name it as they said it, or delete it where the app shows what is remembered.",
};
