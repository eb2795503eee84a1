import * as z from "zod";
import { localDay, zoneOrUtc } from "../../../lib/zone.ts";
import type { Tool } from "../../tools/types.ts";
import { TaskPriority, TaskStatus } from "../schema.ts";
import { listAnswer, quoted } from "./answers.ts";
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
import { creationTool, deletionTool, updateTool } from "./mutations.ts";
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

export const createTask = creationTool({
  name: "create_task",
  description: "Creates one task. Without status and priority it is todo and medium.",
  table: "tasks",
  noun: TASK,
  input: CreateTask,
  label: "Creating a task",
  line: taskLine,
  summary: ({ title }) => `Create the task ${quoted(title)}.`,
  row: (input, timezone) =>
    defined({
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
});

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

export const updateTask = updateTool({
  name: "update_task",
  description:
    "Changes the given fields of one task and leaves the others. Completing a task is status done. Null empties a field.",
  table: "tasks",
  noun: TASK,
  input: UpdateTask,
  label: "Updating a task",
  line: taskLine,
  change: ({ taskId, assignees, dueDate, ...columns }, timezone) => ({
    id: taskId,
    updates: defined({
      ...columns,
      assignee: assignees && JSON.stringify(assignees),
      dueDate: clearableMs(dueDate, timezone),
    }),
  }),
});

export const deleteTask = deletionTool({
  name: "delete_task",
  table: "tasks",
  noun: TASK,
  input: z.strictObject({ taskId: RowId }).transform(({ taskId }) => ({ id: taskId })),
  description:
    "Deletes one task for good. The person is asked first. A task that is finished is completed, not deleted.",
});
