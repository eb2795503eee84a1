import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../../src/lib/ids.ts";
import { call } from "../../support/api.ts";
import { modelRequests, scriptModel } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { newUser } from "../../support/users.ts";

const say = (...chunks: string[]) => ({ content: [{ type: "text" as const, chunks }] });
const use = (name: string, input: Record<string, unknown>) => ({ type: "tool_use" as const, name, input });
const delegate = (agent: string, instruction: string) => ({ content: [use("task", { agent, instruction })] });

describe("a client that shows blocks", () => {
  test("gets charts, tables and references as checked blocks, and the chat keeps the inline form", async () => {
    const user = await newUser(env);
    const device = await connect(user, { blocks: true });
    const word = newId();
    const chart = {
      chartType: "bar",
      title: "Tasks by status",
      data: [{ status: "todo", count: 1 }],
      config: { count: { label: "Tasks", color: "#456" } },
    };
    await scriptModel(word, [
      delegate("tasks", word),
      { content: [use("list_tasks", {})] },
      say("one"),
      say(
        `Here: <chart>${JSON.stringify(chart)}</chart>\n\n`,
        "| Title | Status |\n| --- | --- |\n| Buy milk | todo |\n\n",
        "See <task>[t1]</task>.",
      ),
    ]);
    device.answer = () => ({ rows: [{ id: "t1", title: "Buy milk", status: "todo", priority: "high" }] });
    const turn = device.ask(word);
    await device.end(turn);
    expect(device.turn(turn).filter((frame) => frame.type === "stream_block")).toMatchObject([
      { block_type: "chart", data: chart },
      { block_type: "table", data: { headers: ["Title", "Status"], rows: [["Buy milk", "todo"]] } },
      { block_type: "entity_ref", data: { type: "task", id: "t1", title: "Buy milk", status: "todo" } },
    ]);
    expect(device.textOf(turn)).not.toMatch(/<chart>|<task>|\| Buy milk/);
    const [start] = device.all("stream_start");
    await expect
      .poll(async () => {
        const response = await call("GET", `/api/v1/chats/${start?.chat_id}/messages`, { as: user });
        return ((await response.json()) as { data?: { content: string }[] }).data?.[1]?.content;
      })
      .toContain("<task>[t1]</task>");
  });
});

describe("a chat", () => {
  test("carries its history into the next turn, with what was changed over REST", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    const first = newId();
    await scriptModel(first, [say("Your name is Ada.")]);
    const turn = device.ask(`My name is Ada ${first}`);
    await device.end(turn);
    const chatId = device.all("stream_start")[0]?.chat_id;
    const second = newId();
    await scriptModel(second, [say("Ada.")]);
    await device.end(device.ask(`What is my name? ${second}`, { chat_id: chatId }));
    const [request] = await modelRequests(second);
    expect(request?.request?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(request?.rawBody).toContain("Your name is Ada.");

    const messages = async () => {
      const response = await call("GET", `/api/v1/chats/${chatId}/messages`, { as: user });
      return ((await response.json()) as { data: { id: string; content: string }[] }).data;
    };
    await expect.poll(async () => (await messages())?.length).toBe(4);
    const [, answer] = await messages();
    await call("PUT", `/api/v1/messages/${answer?.id}`, {
      as: user,
      body: { content: "Your name is Grace." },
    });
    const third = newId();
    await scriptModel(third, [say("Grace.")]);
    await device.end(device.ask(`And now? ${third}`, { chat_id: chatId }));
    const [afterEdit] = await modelRequests(third);
    expect(afterEdit?.rawBody).toContain("Your name is Grace.");
    expect(afterEdit?.rawBody).not.toContain("Your name is Ada.");
  });

  test("of somebody else, or that does not exist, fails the turn as not found", async () => {
    const owner = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [say("Mine.")]);
    await owner.end(owner.ask(word));
    const foreign = owner.all("stream_start")[0]?.chat_id;
    const other = await connect(await newUser(env));
    for (const chatId of [foreign, newId()]) {
      const end = await other.end(other.ask("Read it to me", { chat_id: chatId }));
      expect(end).toMatchObject({ status: "failed", error: { code: "not_found" } });
    }
  });

  test("asks the provider to cache what stays the same, and is told that it did", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [say("One."), say("Two.")]);
    await device.end(device.ask(`${word} 1`));
    const { usage } = await device.end(device.ask(`${word} 2`));
    expect(usage.cache_read_tokens).toBeGreaterThan(0);
  });
});
