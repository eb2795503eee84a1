/** Brings the top agent's words to the client: opening frames, output filter, paragraphs between responses. */
import type { Logger } from "../../lib/logger.ts";
import type { ModelResponse } from "../../platform/model-port.ts";
import type { TurnFrameBody } from "../hub/protocol.ts";
import { toolSpec } from "../tools/service.ts";
import type { Tool } from "../tools/types.ts";
import { Domain } from "../workspace/schema.ts";
import type { AgentDefinition } from "./agents.ts";
import { taskTool } from "./delegate.ts";
import type { TurnEntities } from "./entities.ts";
import { type FragmentIndex, fragmentIndexOf, secretTexts } from "./fragment-index.ts";
import { type Speaker, textOf } from "./loop.ts";
import { createOutputFilter, type Output, type OutputFilter, type OutputMode } from "./output.ts";
import { secretTexts as secretPrompts } from "./prompts/compose.ts";
import type { TurnFrames } from "./types.ts";

export interface SpeakerOptions {
  frames: TurnFrames;
  entities: TurnEntities;
  mode: OutputMode;
  /** A home turn opens at once; a floating one when its domain is known. */
  opening: "at_once" | "with_domain";
  /** The domain of a floating turn, where its scope says it. */
  domain: Domain | null;
  chatId: string | undefined;
  log: Logger;
}

const FALLBACK_DOMAIN: Domain = "tasks";
const BREAK = "\n\n";

export class TurnSpeaker implements Speaker {
  readonly #options: SpeakerOptions;
  #secrets = fragmentIndexOf([]);
  #filter: OutputFilter | undefined;
  /** Kept back until the turn may open. */
  #held: Output[] = [];
  #isOpen = false;
  /** What was said by responses before this one, as the model wrote it. */
  #said: string[] = [];
  /** This response has said something. */
  #isSpeaking = false;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  /** Opens the turn as soon as that is possible; does nothing when the client has the opening already. */
  open(): void {
    const { frames, opening, domain } = this.#options;
    if (!frames.isEmpty) this.#isOpen = true;
    else if (opening === "at_once" || domain) this.#openWith(domain ?? FALLBACK_DOMAIN);
  }

  /** From here on this agent speaks, and its prompts and tools must not be heard. */
  speakFor(agent: AgentDefinition, tools: ReadonlyMap<string, Tool>): void {
    this.#secrets = secretsOf(agent, tools);
  }

  begin(): void {
    this.#filter = this.#newFilter(this.#options.mode);
    this.#isSpeaking = false;
  }

  text(delta: string): void {
    for (const output of this.#filter?.push(delta) ?? []) this.#put(output);
  }

  retract(): void {
    const { frames } = this.#options;
    this.begin();
    this.#held = [];
    if (!this.#isOpen) return;
    frames.retract();
    if (!frames.isEmpty) return;
    // The opening frames went with the rest.
    this.#isOpen = false;
    this.open();
  }

  end(response: ModelResponse): void {
    for (const output of this.#filter?.end() ?? []) this.#put(output);
    this.#filter = undefined;
    if (!this.#isOpen) this.#openWith(firstDomain(response) ?? FALLBACK_DOMAIN);
    this.#options.frames.flush();
    this.replayed(response);
  }

  replayed(response: ModelResponse): void {
    const text = textOf(response);
    if (text.trim() !== "") this.#said.push(text);
  }

  /** Progress in words of ours; before the turn has opened there is nowhere to show it. */
  progress(phase: "thinking" | "delegating" | "tool" | "retrying", label: string): void {
    if (this.#isOpen) this.#options.frames.emit({ type: "stream_status", phase, label });
  }

  /** Progress in the model's words. */
  plan(step: string): void {
    if (this.#isOpen) this.progress("thinking", this.#filtered(step, "plain"));
  }

  /** Words that a program wrote, in a paragraph of their own: filtered as a model's are. */
  recite(text: string): void {
    this.begin();
    this.text(text);
    for (const output of this.#filter?.end() ?? []) this.#put(output);
    this.#filter = undefined;
    this.#options.frames.flush();
    this.#said.push(text);
  }

  /** A sentence of ours after what the model said, in a paragraph of its own. */
  remark(text: string): void {
    this.#isSpeaking = false;
    this.#put({ text });
    this.#said.push(text);
  }

  /** The turn is over, however it went: nothing stays held back. */
  close(): void {
    if (!this.#isOpen) this.#openWith(FALLBACK_DOMAIN);
    this.#options.frames.flush();
  }

  /** Everything said, with inline tags, as a chat keeps it. */
  get transcript(): string {
    const mode = this.#options.mode === "plain" ? "plain" : "tags";
    return this.#filtered(this.#said.join(BREAK), mode);
  }

  #put(output: Output): void {
    if (!this.#isOpen) {
      this.#held.push(output);
      return;
    }
    // In one delta with what follows, so that the first words do not wait for the next frame.
    const before = !this.#isSpeaking && this.#said.length > 0 ? BREAK : "";
    this.#isSpeaking = true;
    if ("text" in output) return this.#options.frames.text(before + output.text);
    this.#options.frames.text(before);
    const { type, data } = output.block;
    this.#options.frames.emit({ type: "stream_block", block_type: type, data });
  }

  #openWith(domain: Domain): void {
    const { frames, opening, chatId } = this.#options;
    const start: TurnFrameBody = {
      type: "stream_start",
      ...(chatId === undefined ? {} : { chat_id: chatId }),
    };
    if (opening === "with_domain") frames.emit({ type: "floating_domain", domain });
    frames.emit(start);
    this.#isOpen = true;
    const held = this.#held;
    this.#held = [];
    for (const output of held) this.#put(output);
  }

  #filtered(text: string, mode: OutputMode): string {
    const filter = this.#newFilter(mode);
    return [...filter.push(text), ...filter.end()]
      .map((output) => ("text" in output ? output.text : ""))
      .join("");
  }

  #newFilter(mode: OutputMode): OutputFilter {
    const { entities, log } = this.#options;
    return createOutputFilter({
      mode,
      secrets: this.#secrets,
      entities,
      report: (event) => log.warn({ ...event }),
    });
  }
}

/** Prompts and tools of an agent are the same in nearly every turn, so their index is made once in an isolate. */
const indexes = new WeakMap<AgentDefinition["prompt"]["stable"], { tools: string; index: FragmentIndex }>();

function secretsOf(agent: AgentDefinition, tools: ReadonlyMap<string, Tool>): FragmentIndex {
  const names = [...tools.keys()].join();
  const known = indexes.get(agent.prompt.stable);
  if (known?.tools === names) return known.index;
  const index = fragmentIndexOf(secretTexts(secretPrompts(agent), [...tools.values()].map(ownSpec)));
  indexes.set(agent.prompt.stable, { tools: names, index });
  return index;
}

/** Without what a person says of their own agents: it is theirs, and no other person's turn is to hide it. */
function ownSpec(tool: Tool) {
  return toolSpec(tool.name === taskTool.name ? taskTool : tool);
}

/** The domain that the response delegates to first. */
function firstDomain(response: ModelResponse): Domain | null {
  for (const block of response.content) {
    if (block.type !== "tool_use" || block.name !== taskTool.name) continue;
    const domain = Domain.safeParse(block.input["agent"]);
    if (domain.success) return domain.data;
  }
  return null;
}
