/** `npm run demo -- --interactive`: the person asks, and answers what is asked back. */
import { createInterface } from "node:readline";
import { TurnRefused } from "../../device/index.ts";
import { SCRIPT } from "./script.ts";
import { showTurn } from "./show-turn.ts";
import type { Stage } from "./stage.ts";
import { paint, say } from "./terminal.ts";

/** Until the input ends or `interrupted` is called from the keyboard. */
export async function converse(stage: Stage, interrupted: () => void): Promise<void> {
  const lines = new Lines(interrupted);
  let chatId: string | undefined;
  say(`\nAsk about tasks, projects, milestones and notes. Ctrl-C or Ctrl-D ends it. For example:`);
  for (const { says } of SCRIPT) say(paint.quiet(`  ${says}`));
  try {
    for (;;) {
      say();
      const line = await lines.next(PROMPT);
      if (line === undefined) return;
      if (line.trim() === "") continue;
      chatId = (await takeTurn(stage, { message: line.trim(), chatId }, lines)) ?? chatId;
    }
  } finally {
    lines.close();
  }
}

const PROMPT = `${paint.accent("›")} `;

/** Answers the chat that the turn belongs to. */
async function takeTurn(
  stage: Stage,
  question: { message: string; chatId: string | undefined },
  lines: Lines,
): Promise<string | undefined> {
  const decide = async (what: string) => {
    const answer = await lines.next(`  ${paint.strong(what)} Do it? (y/n) `);
    return /^y/i.test(answer?.trim() ?? "");
  };
  try {
    const { result } = await showTurn(stage, question, { decide });
    const { status, error, chatId } = result;
    if (status !== "done") say(`  ${paint.bad(status)} ${error?.message ?? ""}`);
    return chatId;
  } catch (cause) {
    if (!(cause instanceof TurnRefused)) throw cause;
    say(`  ${paint.bad(cause.code)} ${cause.message}`);
    return undefined;
  }
}

/** Lines from the keyboard or a pipe. What comes while nobody waits is kept for the next question. */
class Lines {
  readonly #input = createInterface({ input: process.stdin, output: process.stdout });
  readonly #waiting: string[] = [];
  #isClosed = false;
  #take: ((line: string | undefined) => void) | undefined;

  constructor(interrupted: () => void) {
    this.#input.on("line", (line) => {
      if (this.#take === undefined) {
        this.#waiting.push(line);
        return;
      }
      // A terminal shows what is typed; a pipe does not.
      if (!process.stdin.isTTY) say(line);
      this.#give(line);
    });
    this.#input.on("close", () => {
      this.#isClosed = true;
      say();
      this.#give(undefined);
    });
    this.#input.on("SIGINT", interrupted);
  }

  /** Undefined once the input has ended. */
  next(prompt: string): Promise<string | undefined> {
    const line = this.#waiting.shift();
    if (line === undefined && !this.#isClosed) {
      this.#input.setPrompt(prompt);
      this.#input.prompt();
      return new Promise((resolve) => {
        this.#take = resolve;
      });
    }
    if (line !== undefined) say(prompt + line);
    return Promise.resolve(line);
  }

  close(): void {
    this.#input.close();
  }

  #give(line: string | undefined): void {
    this.#take?.(line);
    this.#take = undefined;
  }
}
