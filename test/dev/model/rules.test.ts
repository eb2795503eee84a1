import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ModelServer, startModelServer } from "../../../dev/model/server.ts";
import type { DeviceCall, DeviceOutcome } from "../../../src/features/tools/types.ts";
import { Desk, type Turn } from "./desk.ts";

let server: ModelServer;
let desk: Desk;
beforeAll(async () => {
  server = await startModelServer();
});
beforeEach(() => {
  server.reset();
  desk = new Desk(server);
});
afterAll(() => server.close());

function openTasks(): Record<string, unknown>[] {
  return desk.rows("tasks").filter((task) => task.status !== "done");
}

function tagged(turn: Turn, tag: string): string[] {
  return new RegExp(`<${tag}>\\[([^\\]]*)\\]</${tag}>`).exec(turn.text)?.[1]?.split(",") ?? [];
}

function chartOf(turn: Turn): { chartType: string; data: Record<string, unknown>[]; config: object } {
  return JSON.parse(/<chart>(.*)<\/chart>/.exec(turn.text)?.[1] ?? "null");
}

/** A conversation: each turn sees what was said before, tags included. */
async function converse(...messages: string[]): Promise<Turn> {
  const history: { role: "user" | "assistant"; content: string }[] = [];
  let last: Turn | undefined;
  for (const message of messages) {
    last = await desk.turn(message, { history: [...history] });
    history.push({ role: "user", content: message }, { role: "assistant", content: last.text });
  }
  return last!;
}

describe("lists and counts", () => {
  it.each([
    "List my open tasks",
    "what are my open tasks?",
    "Show me all open to-dos",
    "please list open tasks",
  ])("answers %j with the rows that are open, and their ids", async (message) => {
    const turn = await desk.turn(message);
    expect(turn.status).toBe("done");
    expect(turn.text).toContain(`You have ${openTasks().length} open tasks`);
    const ids = openTasks().map((task) => task.id);
    expect(tagged(turn, "task")).toHaveLength(10);
    expect(ids).toEqual(expect.arrayContaining(tagged(turn, "task")));
  });

  it("counts over all rows, not over those it was shown", async () => {
    const before = desk.rows("tasks").length;
    for (let index = 0; index < 30; index++) await desk.turn(`Create a task called "Extra ${index}"`);
    expect((await desk.turn("How many tasks do I have?")).text).toBe(`You have ${before + 30} tasks.`);
    const chart = chartOf(await desk.turn("Draw a chart of my tasks by status"));
    const counts = Object.fromEntries(chart.data.map(({ status, count }) => [status, count]));
    const todo = desk.rows("tasks", { status: "todo" }).length;
    expect(counts).toMatchObject({ todo, done: desk.rows("tasks", { status: "done" }).length });
  });

  it("narrows by status, priority and project", async () => {
    const high = openTasks().filter((task) => task.priority === "high").length;
    expect((await desk.turn("How many open tasks are high priority?")).text).toBe(
      `You have ${high} open high-priority tasks.`,
    );
    const project = desk.row("projects", "Museum spring exhibition");
    const own = desk.rows("tasks", { projectId: project.id }).length;
    expect((await desk.turn("how many tasks are in the Museum spring exhibition project?")).text).toContain(
      `You have ${own} tasks in the project`,
    );
  });

  it("knows what is due by the person's calendar", async () => {
    const today = await desk.turn("What is due today?");
    expect(today.text).toContain("Photograph the ceramics");
    expect(today.text).not.toContain("Proofread the catalogue");
    expect((await desk.turn("Which tasks are overdue?")).text).toContain("Send the October invoices");
  });

  it("says so when there is nothing", async () => {
    expect((await desk.turn("List my tasks about zeppelins")).text).toBe(
      "You have no tasks about “zeppelins”.",
    );
  });

  it("draws the chart that was asked for, from real counts", async () => {
    const chart = chartOf(await desk.turn("Show a pie chart of tasks by priority"));
    const medium = desk.rows("tasks", { priority: "medium" }).length;
    expect(chart.chartType).toBe("pie");
    expect(chart.data).toContainEqual({ priority: "medium", count: medium });
    expect(Object.keys(chart.config)).toEqual(["count"]);
  });
});

describe("several requests in one message", () => {
  it("delegates independent ones side by side", async () => {
    const turn = await desk.turn("List my projects and my open tasks");
    expect(turn.text).toContain("You have 3 projects");
    expect(turn.text).toContain("open tasks");
    const [first] = server.requests();
    const uses = first?.reply?.content.filter((part) => part.type === "tool_use");
    expect(uses).toMatchObject([{ input: { agent: "projects" } }, { input: { agent: "tasks" } }]);
  });

  it("does what builds on a result once it has the result", async () => {
    const turn = await desk.turn("Create a task Sweep the floor and then complete it");
    expect(turn.mutations.map((mutation) => mutation.action)).toEqual(["insert", "update"]);
    expect(desk.row("tasks", "Sweep the floor").status).toBe("done");
  });

  it("leaves an “and” inside of quotes or titles alone", async () => {
    await desk.turn('Create a task called "List prices and call Bob"');
    await desk.turn("Create a task to buy milk and eggs");
    expect(desk.row("tasks", "List prices and call Bob")).toBeDefined();
    expect(desk.row("tasks", "Buy milk and eggs")).toBeDefined();
  });
});

describe("changes", () => {
  it.each([
    [
      "Create a task to buy milk tomorrow with high priority",
      "Buy milk",
      { priority: "high", status: "todo" },
    ],
    ['Add a task called "Call Zoë"', "Call Zoë", { priority: "medium" }],
    ["remind me to water the cactus", "Water the cactus", {}],
    ["add bread to my tasks", "Bread", {}],
  ])("creates what %j asks for", async (message, title, fields) => {
    const turn = await desk.turn(message);
    expect(desk.row("tasks", title)).toMatchObject(fields);
    expect(tagged(turn, "task")).toEqual([desk.row("tasks", title).id]);
  });

  it("puts a task into the project that was named, with its due date in the person's time zone", async () => {
    await desk.turn(
      "Add a task called “Frame them” due 2026-12-01 at 9:30 in the Museum spring exhibition project",
    );
    expect(desk.row("tasks", "Frame them")).toMatchObject({
      projectId: desk.row("projects", "Museum spring exhibition").id,
      dueDate: Date.parse("2026-12-01T08:30:00Z"),
    });
  });

  it.each([
    ["Complete the task Water the office plants", "Water the office plants", { status: "done" }],
    ["Mark “Photograph the ceramics” as done", "Photograph the ceramics", { status: "done" }],
    ["Complete water the plants", "Water the office plants", { status: "done" }],
    ["Start Redirect the old addresses", "Redirect the old addresses", { status: "in_progress" }],
    ["Set the priority of Proofread the catalogue to high", "Proofread the catalogue", { priority: "high" }],
    [
      "Assign Proofread the catalogue to Priya and Jonas",
      "Proofread the catalogue",
      { assignee: '["Priya","Jonas"]' },
    ],
    [
      "Move Proofread the catalogue to 2026-12-24",
      "Proofread the catalogue",
      { dueDate: Date.parse("2026-12-23T23:00:00Z") },
    ],
  ])("does what %j asks", async (message, title, fields) => {
    const turn = await desk.turn(message);
    expect(turn.mutations).toHaveLength(1);
    expect(desk.row("tasks", title)).toMatchObject(fields);
  });

  it("changes projects, milestones and notes as well", async () => {
    await desk.turn("Rename the project Museum shop catalogue to Shop catalogue 2027");
    await desk.turn("Archive the Bakery website relaunch project");
    await desk.turn("Create a milestone Beta on 2026-12-01 for project Shop catalogue 2027");
    await desk.turn('Create a note titled "Paint" saying "We need **blue** paint."');
    await desk.turn('Add "Buy brushes." to the note Paint');
    expect(desk.row("projects", "Bakery website relaunch").status).toBe("archived");
    expect(desk.row("timelines", "Beta").projectId).toBe(desk.row("projects", "Shop catalogue 2027").id);
    expect(desk.row("notes", "Paint").content).toBe("We need **blue** paint.\n\nBuy brushes.");
  });

  it("reads, adds and deletes comments", async () => {
    expect((await desk.turn("Show the comments on Send the wall texts to the translator")).text).toContain(
      "2 comments",
    );
    await desk.turn('Add a comment "Done by noon" to the task Proofread the catalogue');
    const taskId = desk.row("tasks", "Proofread the catalogue").id;
    expect(desk.rows("taskComments", { taskId })).toMatchObject([{ content: "Done by noon" }]);
    await desk.turn('Delete the comment "Done by noon" on Proofread the catalogue');
    expect(desk.rows("taskComments", { taskId })).toEqual([]);
  });

  it("settles suggestions", async () => {
    await desk.turn("Approve the suggestion Ask the translator about a rush fee");
    expect(desk.row("tasks", "Ask the translator about a rush fee").isApproved).toBe(1);
  });

  it("deletes one row, and says so when the person declines", async () => {
    await desk.turn("Delete the task Renew the liability insurance");
    expect(desk.rows("tasks", { search: "liability" })).toEqual([]);
    const declined = await desk.turn("Delete the task Water the office plants", { approve: false });
    expect(declined.text).toContain("The person declined.");
    expect(desk.row("tasks", "Water the office plants")).toBeDefined();
  });

  it("changes several rows only when told which", async () => {
    expect((await desk.turn("Delete tasks")).text).toContain("not clear which tasks");
    expect((await desk.turn("Complete all overdue tasks")).mutations).toHaveLength(2);
  });

  it("asks when it cannot tell which row, or whether there is one", async () => {
    expect((await desk.turn("Complete the translator task")).text).toContain("Which one do you mean?");
    expect((await desk.turn("Complete the task unicorn")).text).toContain("There is no task named “unicorn”");
    expect((await desk.turn("List the tasks in the Museum project")).text).toContain("Several projects fit");
  });
});

describe("a conversation", () => {
  it("knows which row of the list is the first one, the second one, and it", async () => {
    const list = await desk.turn("List my high priority open tasks");
    const [first, second] = tagged(list, "task");
    await converse(
      "List my high priority open tasks",
      "and complete the first one",
      "Set the second one to low priority",
      "now mark it as in progress",
    );
    expect(desk.rows("tasks").find((task) => task.id === first)).toMatchObject({ status: "done" });
    expect(desk.rows("tasks").find((task) => task.id === second)).toMatchObject({
      priority: "low",
      status: "in_progress",
    });
  });

  it("finds the row by its title when the history has no tags", async () => {
    await desk.turn("and complete the second one", {
      history: [
        { role: "user", content: "What is left?" },
        {
          role: "assistant",
          content: "You have 2:\n- Proofread the catalogue (to do)\n- Photograph the ceramics (to do)",
        },
      ],
    });
    expect(desk.row("tasks", "Photograph the ceramics").status).toBe("done");
  });

  it("asks for what is required, and takes the answer", async () => {
    const asked = await converse("Create a milestone Gamma on 2026-12-01");
    expect(asked.text).toContain("For which project is it?");
    await converse("Create a milestone Gamma on 2026-12-01", "Museum spring exhibition");
    expect(desk.row("timelines", "Gamma").projectId).toBe(
      desk.row("projects", "Museum spring exhibition").id,
    );
    await converse("Create a task", "Buy paint");
    expect(desk.row("tasks", "Buy paint")).toBeDefined();
  });

  it.each([["Hello"], ["Thank you!"], ["What can you do?"], ["blorp the frobnicator"]])(
    "answers %j without touching the workspace",
    async (message) => {
      const turn = await desk.turn(message);
      expect(turn.calls).toEqual([]);
      expect(turn.usage.model_calls).toBe(1);
      expect(turn.text).not.toBe("");
    },
  );
});

describe("notes by meaning", () => {
  it.each([
    ["Find the note about light levels for paintings", "Climate and light for the seascapes"],
    ["What did I write about backups?", "Backing up the studio's files"],
    ["search my notes for restaurants near the museum", "Where to eat after the opening"],
  ])("answers %j from the note itself", async (message, title) => {
    await desk.indexNotes();
    const turn = await desk.turn(message);
    const note = desk.row("notes", title);
    expect(turn.text).toContain(title);
    expect(turn.text).toContain(String(note.content).slice(0, 40));
    expect(turn.calls.map((call) => call.action)).toEqual(["vector_search", "get"]);
    expect(tagged(turn, "note")).toEqual([note.id]);
  });

  it("sums up notes by what they say, and a project with its tasks and milestones", async () => {
    expect((await desk.turn("Summarise my notes")).text).toContain("Label the boxes on three sides.");
    const project = await desk.turn("Summarise the Bakery website relaunch project");
    expect(project.text).toContain("photography is the open risk");
    expect(project.text).toContain("Redirect the old addresses");
    expect(project.text).toContain("Relaunch goes live");
  });
});

describe("a popup over one row", () => {
  const scope = () => ({
    type: "task" as const,
    id: String(desk.row("tasks", "Draw the floor plan for room two").id),
  });

  it("takes this and it for the row, and writes plain text", async () => {
    const turn = await desk.turn("mark it as done", { scope: scope() });
    expect(desk.row("tasks", "Draw the floor plan for room two").status).toBe("done");
    expect(turn.text).toBe("“Draw the floor plan for room two” is done now.");
    expect(turn.usage.model_calls).toBe(2);
  });

  it("answers what it sees without asking the device again", async () => {
    const turn = await desk.turn("When is this due?", { scope: scope() });
    expect(turn.text).toContain("2026-11-25");
    expect(turn.usage.model_calls).toBe(1);
  });

  it("hands over what belongs to another domain", async () => {
    const turn = await desk.turn("List my projects", { scope: scope() });
    expect(turn.text).toContain("You have 3 projects");
    expect(turn.text).not.toContain("<project>");
  });
});

describe("what goes wrong on the way", () => {
  type Meddle = (call: DeviceCall, serve: () => DeviceOutcome) => DeviceOutcome | undefined;
  const lose =
    (action: string, times: number, isDone: boolean): Meddle =>
    (call, serve) => {
      if (call.action !== action || times-- <= 0) return undefined;
      if (isDone) serve();
      return { kind: "unknown" };
    };

  it("looks up a change whose outcome is unknown, and does not repeat what has happened", async () => {
    const turn = await desk.turn("Create a task Uncertain", { meddle: lose("insert", 1, true) });
    expect(desk.rows("tasks", { search: "Uncertain" })).toHaveLength(1);
    expect(turn.calls.map((call) => call.action)).toEqual(["insert", "select"]);
    expect(turn.text).toContain("I created the task “Uncertain”");
  });

  it("repeats it once when the lookup shows that it has not", async () => {
    const turn = await desk.turn("Create a task Uncertain", { meddle: lose("insert", 1, false) });
    expect(desk.rows("tasks", { search: "Uncertain" })).toHaveLength(1);
    expect(turn.calls.map((call) => call.action)).toEqual(["insert", "select", "insert"]);
  });

  it.each([
    ["Complete Proofread the catalogue", "update"],
    ["Delete the task Proofread the catalogue", "delete"],
  ])("settles %j by looking, not by doing it twice", async (message, action) => {
    const turn = await desk.turn(message, { meddle: lose(action, 1, true) });
    expect(turn.calls.filter((call) => call.action === action)).toHaveLength(1);
    expect(turn.text).not.toContain("did not work");
  });

  it("admits that it does not know, when looking does not help", async () => {
    const turn = await desk.turn("Create a task Uncertain", { meddle: lose("insert", 9, false) });
    expect(turn.text).toContain("not certain");
    expect(turn.calls.filter((call) => call.action === "insert")).toHaveLength(2);
  });

  it("says in plain words that the device is offline", async () => {
    const turn = await desk.turn("List my tasks", { meddle: () => ({ kind: "offline" }) });
    expect(turn.text).toContain("Your device is offline");
    expect(turn.calls).toHaveLength(1);
  });

  it("calls a tool again whose input it did not write as JSON", async () => {
    server.addFaults({ kind: "bad_tool_json", skip: 1 });
    const turn = await desk.turn("Create a task Clumsy");
    expect(turn.mutations).toHaveLength(1);
    expect(desk.row("tasks", "Clumsy")).toBeDefined();
  });

  it("keeps its reasoning through the whole turn where the model thinks", async () => {
    const models = { supervisor: "stand-in-thinking", worker: "stand-in-thinking" };
    const turn = await desk.turn("Complete the task Proofread the catalogue", { models });
    expect(turn.mutations).toHaveLength(1);
    expect(server.requests().every((entry) => entry.status === 200 && !entry.isReasoningMissing)).toBe(true);
  });

  it("serves the stable part of each prompt from the cache in the second turn", async () => {
    await desk.turn("List my projects");
    expect(server.requests()[0]?.usage?.cache_creation_input_tokens).toBeGreaterThan(500);
    const { usage } = await desk.turn("List my projects");
    expect(usage.cache_read_tokens).toBeGreaterThan(1000);
  });
});
