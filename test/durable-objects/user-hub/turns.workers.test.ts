import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../../src/lib/ids.ts";
import { breakModel, modelRequests, scriptModel } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { newUser } from "../../support/users.ts";

const say = (...chunks: string[]) => ({ content: [{ type: "text" as const, chunks }] });
const use = (name: string, input: Record<string, unknown>) => ({ type: "tool_use" as const, name, input });
const delegate = (agent: string, instruction: string) => ({ content: [use("task", { agent, instruction })] });

describe("a home turn", () => {
  test("lists tasks on the device and streams the answer, its frames numbered without holes", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [
      delegate("tasks", `List tasks ${word}`),
      { content: [use("list_tasks", { status: "todo" })] },
      say("One task: Buy milk"),
      say("You have ", "one task: ", "<task>[t1]</task>"),
    ]);
    device.answer = () => ({ rows: [{ id: "t1", title: "Buy milk", status: "todo" }] });
    const turn = device.ask(`What is open? ${word}`);
    const end = await device.end(turn);
    expect(end).toMatchObject({ status: "done", mutations: [], usage: { model_calls: 4, tool_calls: 2 } });
    expect(device.textOf(turn)).toBe("You have one task: <task>[t1]</task>");
    expect(device.turn(turn).map(({ seq }) => seq)).toEqual(device.turn(turn).map((_, index) => index + 1));
    expect(device.turn(turn)[0]).toMatchObject({ type: "stream_start", gen: 1 });
    expect(device.all("tool_call")).toMatchObject([
      { action: "select", table: "tasks", filters: { status: "todo" }, request_id: turn, epoch: 1 },
    ]);
    expect(await modelRequests(word)).toHaveLength(4);
  });

  test("names what it changed, acknowledges the device's journal and tells the other devices", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    const viewer = await connect(user, { tools: false });
    const word = newId();
    await scriptModel(word, [
      delegate("tasks", `Create ${word}`),
      { content: [use("create_task", { title: "Buy milk" })] },
      say("Created."),
      say("Done."),
    ]);
    device.answer = ({ data }) => ({ row: { ...data, id: "new-task" } });
    const turn = device.ask(word);
    const { mutations } = await device.end(turn);
    expect(mutations).toEqual([
      {
        action: "insert",
        table: "tasks",
        id: "new-task",
        data: expect.objectContaining({ title: "Buy milk" }),
      },
    ]);
    const [insert] = device.all("tool_call");
    expect((await device.frame("tool_ack")).ids).toEqual([insert?.id]);
    expect(await viewer.frame("mutation")).toMatchObject({
      id: "new-task",
      source: "turn",
      device_id: device.deviceId,
    });
    expect(device.all("mutation")).toEqual([]);
    expect(viewer.all("tool_call")).toEqual([]);
  });

  test("runs delegations of one response side by side", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [
      {
        content: [
          use("task", { agent: "tasks", instruction: word }),
          use("task", { agent: "notes", instruction: word }),
        ],
      },
      { content: [use("list_tasks", {})] },
      { content: [use("list_tasks", {})] },
      say("a"),
      say("b"),
      say("Both."),
    ]);
    const turn = device.ask(word);
    // Both sub-agents call the device before either is answered.
    await device.frame("tool_call", 1);
    await device.until(
      () => device.all("tool_call").length + device.all("stream_status").length >= 4,
      "both",
    );
    device.answer = () => ({ rows: [] });
    for (const { id, epoch } of device.all("tool_call"))
      device.send({ type: "tool_result", id, epoch, rows: [] });
    expect(await device.end(turn)).toMatchObject({ status: "done" });
  });

  test("says so when no device can answer", async () => {
    const viewer = await connect(await newUser(env), { tools: false });
    const word = newId();
    await scriptModel(word, [
      delegate("tasks", word),
      { content: [use("list_tasks", {})] },
      say("offline"),
      say("Your device is offline."),
    ]);
    const turn = viewer.ask(word);
    expect(await viewer.end(turn)).toMatchObject({ status: "done" });
    const [, , afterTool] = await modelRequests(word);
    expect(afterTool?.toolResults.join()).toMatch(/offline/i);
  });

  test("keeps invented ids and repeated prompts from the client", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [say("See <task>[made-up]</task>", " now. ")]);
    const first = device.ask(word);
    await device.end(first);
    expect(device.textOf(first)).not.toContain("made-up");
    const [request] = await modelRequests(word);
    const prompt = JSON.stringify(request?.request?.system).slice(20, 420).replaceAll("\\n", " ");
    const again = newId();
    await scriptModel(again, [say("My instructions: ", prompt)]);
    const second = device.ask(again);
    await device.end(second);
    expect(device.textOf(second)).not.toContain(prompt.slice(60, 160));
  });
});

describe("a turn and its client", () => {
  test("a repeated request_id replays the same turn and never starts another", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [say("Once.")]);
    const turn = device.ask(word);
    await device.end(turn);
    const before = device.turn(turn);
    device.send({ type: "home_request", request_id: turn, message: word });
    await device.until(() => device.all("stream_end").length === 2, "the replay");
    expect(device.turn(turn).slice(before.length)).toEqual(before);
    expect(await modelRequests(word)).toHaveLength(1);
  });

  test("resume gives what was missed, once and in order, from any point", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    const word = newId();
    await scriptModel(word, [say("One ", "two ", "three.")]);
    const turn = device.ask(word);
    await device.end(turn);
    const whole = device.turn(turn);
    for (let seen = 0; seen <= whole.length; seen++) {
      const late = await connect(user, { tools: false });
      late.send({ type: "resume", request_id: turn, gen: 1, after_seq: seen });
      late.send({ type: "ping" });
      if (seen < whole.length) await late.end(turn);
      expect(late.turn(turn)).toEqual(whole.slice(seen));
      late.close();
    }
  });

  test("resume during a turn follows it to its end", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    const word = newId();
    await scriptModel(word, [{ ...say("a", "b", "c", "d", "e"), deltaDelayMs: 60 }]);
    const turn = device.ask(word);
    await device.frame("stream_text");
    const late = await connect(user, { tools: false });
    late.send({ type: "resume", request_id: turn, gen: 1, after_seq: 0 });
    await Promise.all([device.end(turn), late.end(turn)]);
    expect(late.turn(turn)).toEqual(device.turn(turn));
    expect(late.textOf(turn)).toBe("abcde");
  });

  test("an unknown turn can be neither resumed nor cancelled", async () => {
    const device = await connect(await newUser(env));
    device.send({ type: "resume", request_id: "nope", gen: 1, after_seq: 0 });
    device.send({ type: "cancel", request_id: "nope" });
    await device.frame("error", 2);
    for (const error of device.all("error"))
      expect(error).toMatchObject({ code: "not_found", in_reply_to: "nope" });
  });

  test("cancel ends the turn as cancelled and revokes what was under way", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [delegate("tasks", word), { content: [use("create_task", { title: "Never" })] }]);
    const turn = device.ask(word);
    const call = await device.frame("tool_call");
    device.send({ type: "cancel", request_id: turn });
    expect(await device.end(turn)).toMatchObject({ status: "cancelled", mutations: [] });
    expect(await device.frame("tool_revoke")).toMatchObject({ id: call.id });
    expect(device.all("stream_end")).toHaveLength(1);
  });

  test("the fifth turn at once is told that four are running", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(
      word,
      Array.from({ length: 4 }, () => ({ ...say("a", "b", "c", "d"), deltaDelayMs: 150 })),
    );
    const turns = [1, 2, 3, 4].map((number) => device.ask(`${word} ${number}`));
    const refused = device.ask(`${word} 5`);
    expect(await device.frame("error")).toMatchObject({ code: "busy", in_reply_to: refused });
    for (const turn of turns) expect(await device.end(turn)).toMatchObject({ status: "done" });
  });

  test("a readonly member may watch but not start turns", async () => {
    const device = await connect(await newUser(env, { role: "readonly" }));
    device.ask("anything");
    expect(await device.frame("error")).toMatchObject({ code: "forbidden" });
  });
});

describe("a turn and its model", () => {
  test("a stream cut after some text begins a new generation, and the text comes once", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await breakModel([{ kind: "cut", afterChars: 6, match: word }]);
    await scriptModel(word, [say("Hello there, ", "all is well.")]);
    const turn = device.ask(word);
    expect(await device.end(turn)).toMatchObject({ status: "done", gen: 2 });
    expect(device.all("stream_reset")).toMatchObject([{ gen: 2, after_seq: 0 }]);
    expect(device.textOf(turn)).toBe("Hello there, all is well.");
    expect(device.turn(turn)[0]).toMatchObject({ type: "stream_start", seq: 1, gen: 2 });
  });

  test("a rate limit is waited out, with a word to the person", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await breakModel([{ kind: "rate_limit", retryAfterMs: 10, match: word }]);
    await scriptModel(word, [say("Now.")]);
    const turn = device.ask(word);
    expect(await device.end(turn)).toMatchObject({ status: "done" });
    expect(device.all("stream_status")).toContainEqual(expect.objectContaining({ phase: "retrying" }));
  });

  test("a refusal fails the turn in words", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [{ content: [], stopReason: "refusal" }]);
    const end = await device.end(device.ask(word));
    expect(end).toMatchObject({ status: "failed", error: { code: "model_refused" } });
  });

  test("broken tool JSON goes back to the model, which may mend it", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [
      { content: [{ ...use("task", {}), rawJson: '{"agent": "tas' }] },
      say("I could not."),
    ]);
    expect(await device.end(device.ask(word))).toMatchObject({ status: "done" });
    const [, second] = await modelRequests(word);
    expect(second?.toolResults.join()).toMatch(/not valid JSON/);
  });
});

describe("a floating turn", () => {
  test("with a scope goes straight to its domain, the row preloaded", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [say("It is due tomorrow.")]);
    device.answer = ({ action }) =>
      action === "get" ? { row: { id: "t9", title: `Scoped ${word}`, status: "todo" } } : null;
    const turn = newId();
    device.send({
      type: "floating_request",
      request_id: turn,
      message: "When?",
      scope: { type: "task", id: "t9" },
    });
    expect(await device.end(turn)).toMatchObject({ status: "done", usage: { model_calls: 1 } });
    expect(device.turn(turn).slice(0, 2)).toMatchObject([
      { type: "floating_domain", domain: "tasks", seq: 1 },
      { type: "stream_start", seq: 2 },
    ]);
    expect(device.textOf(turn)).toBe("It is due tomorrow.");
  });

  test("without a scope names the first domain that its supervisor asks", async () => {
    const device = await connect(await newUser(env));
    const word = newId();
    await scriptModel(word, [
      {
        content: [{ type: "text", text: "Let me look." }, use("task", { agent: "notes", instruction: word })],
      },
      say("nothing"),
      say("No notes."),
    ]);
    const turn = newId();
    device.send({ type: "floating_request", request_id: turn, message: word });
    await device.end(turn);
    expect(device.turn(turn)[0]).toMatchObject({ type: "floating_domain", domain: "notes" });
    expect(device.textOf(turn)).toBe("Let me look.\n\nNo notes.");
  });
});
