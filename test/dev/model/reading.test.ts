import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitClauses } from "../../../dev/model/rules/reading/clauses.ts";
import { findDate, findRange } from "../../../dev/model/rules/reading/dates.ts";
import { readIntent } from "../../../dev/model/rules/reading/intent.ts";
import { readAnswer } from "../../../dev/model/rules/rows.ts";

/** A Friday. */
const TODAY = "2026-11-20";
const read = (clause: string) => readIntent(clause, { today: TODAY });

describe("reading dates", () => {
  it.each([
    ["due today", "2026-11-20"],
    ["tomorrow", "2026-11-21"],
    ["the day after tomorrow", "2026-11-22"],
    ["in 3 days", "2026-11-23"],
    ["in two weeks", "2026-12-04"],
    ["by Friday", "2026-11-27"],
    ["on Monday", "2026-11-23"],
    ["next week", "2026-11-23"],
    ["on 2027-02-28", "2027-02-28"],
    ["1 December", "2026-12-01"],
    ["December 1st, 2028", "2028-12-01"],
    ["3 March", "2027-03-03"],
    ["tomorrow at 9", "2026-11-21T09:00"],
    ["due tomorrow at 5:30 pm", "2026-11-21T17:30"],
  ])("reads %j as %s", (text, iso) => {
    expect(findDate(`Call Bob ${text}`, TODAY)?.iso).toBe(iso);
  });

  it.each(["call mum", "the sundial", "version 3", "I may go"])("finds none in %j", (text) => {
    expect(findDate(text, TODAY)).toBeUndefined();
  });

  it.each([
    ["overdue", { to: "2026-11-19" }],
    ["due this week", { from: "2026-11-16", to: "2026-11-22" }],
    ["due next week", { from: "2026-11-23", to: "2026-11-29" }],
    ["in the next 10 days", { from: "2026-11-20", to: "2026-11-30" }],
    ["due tomorrow", { from: "2026-11-21", to: "2026-11-21" }],
  ])("reads %j as a span of days", (text, range) => {
    expect(findRange(`tasks ${text}`, TODAY)).toMatchObject(range);
  });
});

describe("cutting a message into clauses", () => {
  it.each([
    ["List my projects and my open tasks", ["List my projects", "List my open tasks"]],
    ["How many open tasks and notes do I have?", ["How many open tasks", "How many notes do I have?"]],
    ["list my tasks, projects and notes", ["list my tasks", "list projects", "list notes"]],
    ["Create a task to buy milk and eggs", ["Create a task to buy milk and eggs"]],
    ["Create a task A, then complete it", ["Create a task A", "complete it"]],
    [
      'Add a note "a and create b; list c" and list my notes',
      ['Add a note "a and create b; list c"', "list my notes"],
    ],
    ["Finish the report. Delete the draft", ["Finish the report", "Delete the draft"]],
    ["  ", []],
  ])("%j", (message, clauses) => {
    expect(splitClauses(message)).toEqual(clauses);
  });
});

describe("reading what a clause asks for", () => {
  it.each([
    ["Which tasks are done?", { verb: "list", domain: "tasks", filters: { statuses: ["done"] } }],
    ["Please count my notes", { verb: "count", domain: "notes" }],
    [
      "Could you show me a line chart of milestones by project",
      { verb: "chart", domain: "timelines", groupBy: "project", chartType: "line" },
    ],
    ["Create a task to count the boxes", { verb: "create", domain: "tasks", title: "Count the boxes" }],
    [
      "Add an urgent task: call the bank",
      { verb: "create", title: "Call the bank", fields: { priority: "high" } },
    ],
    ["new project Winter fair", { verb: "create", domain: "projects", title: "Winter fair" }],
    ["Note that the code is 4711", { verb: "create", domain: "notes", body: "The code is 4711" }],
    [
      "Finish the report",
      {
        verb: "update",
        domain: "tasks",
        fields: { status: "done" },
        target: { kind: "title", title: "report" },
      },
    ],
    [
      "rename the note Ideas to “Old ideas”",
      { verb: "update", domain: "notes", fields: { title: "Old ideas" } },
    ],
    [
      "Remove the last milestone",
      { verb: "delete", domain: "timelines", target: { kind: "ordinal", index: -1 } },
    ],
    ["Complete the task (ids: a-1, b-2)", { verb: "update", target: { kind: "ids", ids: ["a-1", "b-2"] } }],
    ["what did I write about the caretaker?", { verb: "find", domain: "notes", query: "the caretaker" }],
    [
      "summarise project Apollo",
      { verb: "show", domain: "projects", target: { kind: "title", title: "Apollo" } },
    ],
    [
      "reject the suggestion Buy a boat",
      { verb: "decide", isApproved: false, target: { kind: "title", title: "Buy a boat" } },
    ],
  ])("%j", (clause, intent) => {
    expect(read(clause)).toMatchObject(intent);
  });

  it("takes a project's name out of what is said about a row", () => {
    expect(read("Add a task to call Bob to the Apollo project")).toMatchObject({
      title: "Call Bob",
      project: { name: "Apollo" },
    });
    expect(read("list the tasks in project “New site” that are open")).toMatchObject({
      project: { name: "New site" },
      filters: { statuses: ["todo", "in_progress"] },
    });
  });

  it("never fails, whatever is written", () => {
    const words = fc.constantFrom(
      "create",
      "task",
      "and",
      "the",
      "in",
      "project",
      '"',
      "“",
      "”",
      "'",
      "due",
      "tomorrow",
      "with",
      "id",
      "(",
      ")",
      "to",
      "§0§",
      "it",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(text, (message) => {
        for (const clause of splitClauses(message)) expect(read(clause).verb).toBeDefined();
      }),
    );
  });
});

describe("reading what tools answer", () => {
  it("takes rows, counts and tallies apart", () => {
    const answer = readAnswer(
      [
        "2 of more than 50 tasks:",
        "- [a-1] Buy milk | status: todo | due: 2026-11-21 09:00",
        "- [b-2] Either | or | status: done",
        "Counted over all 50 by status: todo 30, in_progress 20.",
        "More exist: narrow the filters, or count on with a limit of up to 199.",
      ].join("\n"),
    );
    expect(answer).toMatchObject({ total: 50, isAtLeast: true, domain: "tasks" });
    expect(answer.rows).toEqual([
      { id: "a-1", title: "Buy milk", fields: { status: "todo", due: "2026-11-21 09:00" } },
      { id: "b-2", title: "Either | or", fields: { status: "done" } },
    ]);
    expect(answer.tallies).toEqual([
      {
        by: "status",
        counts: [
          ["todo", 30],
          ["in_progress", 20],
        ],
      },
    ]);
  });

  it("tells nothing found from nothing counted, and keeps a note's text whole", () => {
    expect(readAnswer("No milestones match.")).toMatchObject({ total: 0, domain: "timelines" });
    expect(readAnswer("Approved the suggestion.").total).toBeUndefined();
    expect(readAnswer("1 note:\n- [n] Plan\ncontent:\n# A\n\n- [x] not a row of ours").body).toBe(
      "# A\n\n- [x] not a row of ours",
    );
  });
});
