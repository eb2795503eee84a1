/** A conversation in the terminal: each line is a turn, streamed as it is answered. */
import { createInterface } from "node:readline";
import type { Block } from "../blocks.ts";
import type { DeviceClient } from "../client.ts";
import { type Turn, TurnRefused } from "../turn.ts";

/** Until the input ends. What turns change is not told here: the hub tells every device of it. */
export async function chat(client: DeviceClient): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string | null> => {
    process.stdout.write(question);
    const { done, value } = await lines.next();
    return done === true ? null : String(value).trim();
  };
  let chatId: string | undefined;
  for (let message = await ask("> "); message !== null; message = await ask("> ")) {
    if (message === "") continue;
    const turn = client.ask({ message, ...(chatId === undefined ? {} : { chatId }) });
    chatId = (await show(turn, client, ask)) ?? chatId;
  }
}

/** Returns the chat that the turn belongs to. */
async function show(
  turn: Turn,
  client: DeviceClient,
  ask: (question: string) => Promise<string | null>,
): Promise<string | undefined> {
  try {
    for await (const event of turn) {
      if (event.type === "text") process.stdout.write(event.text);
      if (event.type === "block") process.stdout.write(blockText(event.block));
      if (event.type === "status") process.stdout.write(`[${event.label}]\n`);
      if (event.type === "reset") process.stdout.write(`\n[taken up again]\n${event.text}`);
      if (event.type === "approval") {
        const answer = await ask(`\n${event.approval.summary} Do it? (y/n) `);
        if (/^y/i.test(answer ?? "")) client.approve(event.approval.id);
        else client.reject(event.approval.id);
      }
    }
    const { chatId, status, error } = await turn.done;
    if (status !== "done")
      process.stdout.write(`\n[${status}${error === undefined ? "" : `: ${error.message}`}]`);
    process.stdout.write("\n");
    return chatId;
  } catch (cause) {
    if (!(cause instanceof TurnRefused)) throw cause;
    process.stdout.write(`[${cause.code}: ${cause.message}]\n`);
    return undefined;
  }
}

function blockText(block: Block): string {
  switch (block.type) {
    case "reference":
      return `[${block.entity} ${block.ids.join(", ")}]`;
    case "entity_ref":
      return `[${String(block.data["title"] ?? block.data["name"] ?? block.data["id"])}]`;
    case "chart": {
      const { title = "Chart", data } = block.chart;
      return `\n${title}\n${data.map((row) => `  ${Object.values(row).join("  ")}`).join("\n")}\n`;
    }
    case "table":
      return `\n${[block.headers, ...block.rows].map((row) => row.join(" | ")).join("\n")}\n`;
    case "timeline":
      return `\n${block.timelines.map((milestone) => `  ${JSON.stringify(milestone)}`).join("\n")}\n`;
  }
}
