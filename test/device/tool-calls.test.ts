import { beforeEach, describe, expect, it } from "vitest";
import type { HostedTools } from "../../device/hosted-tools.ts";
import type { CallResult } from "../../device/journal-core.ts";
import { SqliteStore } from "../../device/node/store.ts";
import { type CallReport, ToolCalls } from "../../device/tool-calls.ts";

/** A hosted tool that answers when the test says so. */
class Slow implements HostedTools {
  calls = 0;
  #gate = Promise.withResolvers<Record<string, unknown>>();

  descriptors() {
    return [{ server: "files", name: "write", input_schema: {} }];
  }

  has(server: string, tool: string) {
    return server === "files" && tool === "write";
  }

  call() {
    this.calls++;
    return this.#gate.promise;
  }

  succeed = () => this.#gate.resolve({ written: true });
  fail = () => this.#gate.reject(new Error("the pipe broke"));
}

let store: SqliteStore;
let hosted: Slow;
let answers: { id: string; result: CallResult }[];
let reports: CallReport[];

beforeEach(() => {
  store = new SqliteStore({ path: ":memory:" });
  hosted = new Slow();
  answers = [];
  reports = [];
  return () => store.close();
});

/** One process over the store; another one after a crash. */
function start(): ToolCalls {
  return new ToolCalls({
    store,
    hosted,
    epoch: () => 1,
    resultBytesMax: () => 100_000,
    answer: (id, _action, result) => void answers.push({ id, result }),
    report: (report) => void reports.push(report),
    trouble: () => {},
  });
}

const call = {
  type: "tool_call",
  id: "m1",
  epoch: 1,
  action: "mcp_call",
  data: { server: "files", tool: "write", arguments: { path: "a" } },
  deadline_ms: 30_000,
} as const;
const done = { id: "m1", result: { row: { written: true } } };
const unknown = { id: "m1", result: { error: { code: "outcome_unknown", message: expect.any(String) } } };

describe("an effect outside the database", () => {
  it("is journaled as begun, then with its result, and answered once however often it is asked for", async () => {
    const calls = start();
    calls.receive(call);
    calls.receive(call);
    await calls.settled();
    expect(store.find("m1")).toEqual({ state: "started" });
    expect(answers).toEqual([]);
    hosted.succeed();
    await expect.poll(() => answers, { timeout: 10_000 }).toEqual([done]);
    expect(store.find("m1")).toEqual({ state: "committed", result: done.result });
    calls.receive(call);
    await calls.settled();
    expect(answers).toEqual([done, done]);
    expect(hosted.calls).toBe(1);
    expect(reports.map((report) => report.outcome)).toEqual(["ignored", "done", "repeated"]);
  });

  it("that a crash cut off has an unknown outcome, and is not run again", async () => {
    const before = start();
    before.receive(call);
    await before.settled();
    const after = start();
    after.resend();
    after.receive(call);
    after.receive({ type: "tool_revoke", id: "m1" });
    await after.settled();
    expect(answers).toEqual([unknown, unknown]);
    expect(hosted.calls).toBe(1);
    after.receive({ type: "tool_ack", ids: ["m1"] });
    await after.settled();
    expect(store.find("m1")).toBeUndefined();
  });

  it("that fails without a word has an unknown outcome", async () => {
    const calls = start();
    calls.receive(call);
    hosted.fail();
    await expect.poll(() => answers, { timeout: 10_000 }).toEqual([unknown]);
    expect(store.find("m1")).toEqual({ state: "started" });
  });

  it("that is revoked under way still tells its result when it comes", async () => {
    const calls = start();
    calls.receive(call);
    calls.receive({ type: "tool_revoke", id: "m1" });
    calls.receive({ type: "tool_ack", ids: ["m1"] });
    await calls.settled();
    expect(answers).toEqual([]);
    hosted.succeed();
    await expect.poll(() => answers, { timeout: 10_000 }).toEqual([done]);
    expect(store.find("m1")).toEqual({ state: "committed", result: done.result });
  });

  it.each([
    ["no_such_server", { server: "mail", tool: "send" }],
    ["no_such_server", { server: "files", tool: "shred" }],
    ["bad_input", { tool: "write" }],
  ])("that is none of this device's is rejected for good: %s", async (code, data) => {
    const calls = start();
    calls.receive({ ...call, data });
    await calls.settled();
    expect(answers).toMatchObject([{ id: "m1", result: { error: { code } } }]);
    expect(store.find("m1")).toMatchObject({ state: "rejected" });
    expect(hosted.calls).toBe(0);
  });

  it("does not hold up the calls behind it", async () => {
    const calls = start();
    calls.receive(call);
    calls.receive({
      type: "tool_call",
      id: "s1",
      epoch: 1,
      action: "select",
      table: "tasks",
      deadline_ms: 1,
    });
    await calls.settled();
    expect(answers).toEqual([{ id: "s1", result: { rows: [] } }]);
  });
});

it("a revocation that comes first is answered, so that the hub need not wonder", async () => {
  const calls = start();
  calls.receive({ type: "tool_revoke", id: "c1" });
  await calls.settled();
  expect(answers).toMatchObject([{ id: "c1", result: { error: { code: "revoked" } } }]);
});
