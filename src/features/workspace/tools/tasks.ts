import { z } from "zod";
import { localDay, zoneOrUtc } from "../../../lib/zone.ts";
import type { DeviceCall, Tool } from "../../tools/types.ts";
import { TaskPriority, TaskStatus } from "../schema.ts";
import { changedAnswer, listAnswer, quoted } from "./answers.ts";
import { deletionTool } from "./deletion.ts";
import {
  COUNTED_DEFAULT,
  changesSomething,
  clearable,
  clearableMs,
  defined,
  Flag,
  Limit,
  Names,
  NO_CHANGE,
  OptionalId,
  optional,
  orderOf,
  RowId,
  Search,
  SUGGESTION_UPDATES,
  Switch,
  Title,
  untilMs,
  When,
  wordOf,
} from "./inputs.ts";
import { TASK, taskLine, taskListing } from "./task-line.ts";

const DESCRIPTION_CHARS_MAX = 20_000;

const Description = z.string().max(DESCRIPTION_CHARS_MAX);
const Status = wordOf(TaskStatus);
const Priority = wordOf(TaskPriority);
const Assignees = Names.describe("Names of the people who do it.");

const ListTasks = z.strictObject({
  projectId: OptionalId,
  status: optional(Status),
  priority: optional(Priority),
  search: Search,
  dueFrom: optional(When),
  dueTo: optional(When),
  awaitingApproval: optional(Switch.describe("True for suggestions that wait for the person's approval.")),
  orderBy: optional(orderOf(["title", "dueDate", "createdAt", "updatedAt"])),
  limit: optional(Limit),
});
type ListTasks = z.infer<typeof ListTasks>;

export const listTasks: Tool<ListTasks> = {
  name: "list_tasks",
  description:
    "Lists and counts tasks, newest change first unless orderBy says otherwise. Every filter is optional; one status and one " +
    "priority at a time, so open tasks are those of todo and of in_progress. dueFrom and dueTo are inclusive; a date alone is its whole day.",
  input: ListTasks,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Looking through your tasks",
  async run(input, ctx) {
    const limit = input.limit ?? COUNTED_DEFAULT;
    const outcome = await ctx.device({
      action: "select",
      table: "tasks",
      filters: defined({
        projectId: input.projectId,
        status: input.status,
        priority: input.priority,
        search: input.search,
        dueDateFrom: clearableMs(input.dueFrom, ctx.timezone),
        dueDateTo: untilMs(input.dueTo, ctx.timezone),
        ...(input.awaitingApproval ? { isAiSuggested: 1, isApproved: 0 } : {}),
        orderBy: input.orderBy ?? "updatedAt desc",
      }),
      limit: limit + 1,
    });
    return listAnswer(outcome, taskListing(outcome, limit, ctx.timezone));
  },
};

export const listTasksDueToday: Tool<Record<string, never>> = {
  name: "list_tasks_due_today",
  description: "Lists the tasks due today, done ones included, by the person's own calendar day.",
  input: z.strictObject({}),
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Looking at what is due today",
  async run(_input, ctx) {
    const day = localDay(ctx.now, ctx.timezone);
    const outcome = await ctx.device({
      action: "select",
      table: "tasks",
      filters: { dueDateFrom: day.startMs, dueDateTo: day.endMs, orderBy: "dueDate" },
      limit: COUNTED_DEFAULT + 1,
    });
    return listAnswer(outcome, {
      ...taskListing(outcome, COUNTED_DEFAULT, ctx.timezone),
      remark: `Today is ${day.date} (${zoneOrUtc(ctx.timezone)}).`,
    });
  },
};

const CreateTask = z.strictObject({
  title: Title,
  description: optional(Description),
  status: optional(Status),
  priority: optional(Priority),
  assignees: optional(Assignees),
  dueDate: optional(When),
  projectId: OptionalId,
  isAiSuggested: optional(Flag.describe("1 only for a task that nobody asked for.")),
  isApproved: optional(Flag.describe("1 only when the person confirmed it.")),
});
type CreateTask = z.infer<typeof CreateTask>;

export const createTask: Tool<CreateTask> = {
  name: "create_task",
  description: "Creates one task. Without status and priority it is todo and medium.",
  input: CreateTask,
  readOnly: false,
  idempotent: false,
  destructive: false,
  label: "Creating a task",
  approval: (input, { timezone }) => ({
    summary: `Create the task ${quoted(input.title)}.`,
    ...insertOf(input, timezone),
  }),
  async run(input, ctx) {
    const outcome = await ctx.device(insertOf(input, ctx.timezone));
    return changedAnswer(outcome, {
      done: "Created 1 task:",
      noun: TASK,
      line: (row) => taskLine(row, ctx.timezone),
    });
  },
};

const UpdateTask = z
  .strictObject({
    taskId: RowId,
    title: optional(Title),
    description: clearable(Description),
    status: optional(Status),
    priority: optional(Priority),
    assignees: clearable(Assignees),
    dueDate: clearable(When),
    projectId: clearable(RowId),
    ...SUGGESTION_UPDATES,
  })
  .refine(changesSomething, NO_CHANGE);
type UpdateTask = z.infer<typeof UpdateTask>;

export const updateTask: Tool<UpdateTask> = {
  name: "update_task",
  description:
    "Changes the given fields of one task and leaves the others. Completing a task is status done. Null empties a field.",
  input: UpdateTask,
  readOnly: false,
  idempotent: true,
  destructive: false,
  label: "Updating a task",
  approval: (input, { timezone }) => {
    const call = updateOf(input, timezone);
    return { summary: `Change a task: ${Object.keys(call.data.updates).join(", ")}.`, ...call };
  },
  async run(input, ctx) {
    const outcome = await ctx.device(updateOf(input, ctx.timezone));
    return changedAnswer(outcome, {
      done: "Updated 1 task:",
      noun: TASK,
      id: input.taskId,
      line: (row) => taskLine(row, ctx.timezone),
    });
  },
};

export const deleteTask = deletionTool({
  name: "delete_task",
  table: "tasks",
  noun: TASK,
  input: z.strictObject({ taskId: RowId }).transform(({ taskId }) => ({ id: taskId })),
  description:
    "Deletes one task for good. The person is asked first. A task that is finished is completed, not deleted.",
});

function insertOf(input: CreateTask, timezone: string) {
  return {
    action: "insert",
    table: "tasks",
    data: defined({
      title: input.title,
      description: input.description,
      status: input.status ?? "todo",
      priority: input.priority ?? "medium",
      assignee: input.assignees && JSON.stringify(input.assignees),
      dueDate: clearableMs(input.dueDate, timezone),
      projectId: input.projectId,
      isAiSuggested: input.isAiSuggested ?? 0,
      isApproved: input.isApproved ?? 0,
    }),
  } satisfies DeviceCall;
}

function updateOf(input: UpdateTask, timezone: string) {
  const { taskId, assignees, dueDate, ...columns } = input;
  const updates = defined({
    ...columns,
    assignee: assignees && JSON.stringify(assignees),
    dueDate: clearableMs(dueDate, timezone),
  });
  return { action: "update", table: "tasks", data: { id: taskId, updates } } satisfies DeviceCall;
}
