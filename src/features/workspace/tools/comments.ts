import * as z from "zod";
import type { DeviceRow, Tool } from "../../tools/types.ts";
import { excerpt, idText, listAnswer, quoted, rowLine, timeText } from "./answers.ts";
import { COUNTED_DEFAULT, optional, RowId } from "./inputs.ts";
import { creationTool, deletionTool } from "./mutations.ts";

const NOUN = { one: "comment", many: "comments" };
const CONTENT_CHARS_SHOWN = 500;

const ListTaskComments = z.strictObject({ taskId: RowId });
type ListTaskComments = z.infer<typeof ListTaskComments>;

export const listTaskComments: Tool<ListTaskComments> = {
  name: "list_task_comments",
  description: "Lists the comments on one task, newest first.",
  input: ListTaskComments,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Reading the comments on a task",
  async run(input, ctx) {
    const outcome = await ctx.device({
      action: "select",
      table: "taskComments",
      filters: { taskId: input.taskId, orderBy: "createdAt desc" },
      limit: COUNTED_DEFAULT + 1,
    });
    return listAnswer(outcome, {
      noun: NOUN,
      limit: COUNTED_DEFAULT,
      line: (row) => commentLine(row, ctx.timezone),
    });
  },
};

const AddTaskComment = z.strictObject({
  taskId: RowId,
  author: optional(
    z.string().trim().min(1).max(200).describe("The person's name, when they speak and it is known."),
  ),
  content: z.string().trim().min(1).max(10_000),
});

export const addTaskComment = creationTool({
  name: "add_task_comment",
  description: "Adds a comment to one task. Without an author it is the assistant's.",
  table: "taskComments",
  noun: NOUN,
  input: AddTaskComment,
  label: "Adding a comment",
  done: "Added",
  line: commentLine,
  summary: ({ content }) => `Add the comment ${quoted(content)} to a task.`,
  row: ({ taskId, author = "Assistant", content }) => ({ taskId, author, content }),
});

export const deleteTaskComment = deletionTool({
  name: "delete_task_comment",
  table: "taskComments",
  noun: NOUN,
  input: z.strictObject({ commentId: RowId }).transform(({ commentId }) => ({ id: commentId })),
  description: "Deletes one comment of a task for good. The person is asked first.",
});

function commentLine(row: DeviceRow, timezone: string): string {
  return rowLine(row, excerpt(row.content, CONTENT_CHARS_SHOWN), [
    ["author", excerpt(row.author, 100)],
    ["written", timeText(row.createdAt, timezone)],
    ["task", idText(row.taskId)],
  ]);
}
