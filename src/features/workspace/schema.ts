import * as z from "zod";

export { indexedText } from "./note-text.ts";

/** The reference schema of a device's database (spec 3): what the device tools read and write. Times are Unix ms. */
const flag = z.union([z.literal(0), z.literal(1)]);
const id = z.string().min(1).max(200);
const ms = z.int();
const stamps = { createdAt: ms, updatedAt: ms };
const suggestion = { isAiSuggested: flag.default(0), isApproved: flag.default(0) };

export const TaskStatus = z.enum(["todo", "in_progress", "done"]);
export type TaskStatus = z.infer<typeof TaskStatus>;
export const TaskPriority = z.enum(["high", "medium", "low"]);
export type TaskPriority = z.infer<typeof TaskPriority>;
export const ProjectStatus = z.enum(["active", "archived"]);
export type ProjectStatus = z.infer<typeof ProjectStatus>;

export const Task = z.object({
  id,
  projectId: id.nullish(),
  title: z.string(),
  description: z.string().nullish(),
  status: TaskStatus.default("todo"),
  priority: TaskPriority.default("medium"),
  /** A JSON array of names, as text: the column holds one string. */
  assignee: z.string().nullish(),
  dueDate: ms.nullish(),
  ...suggestion,
  ...stamps,
});
export type Task = z.infer<typeof Task>;

export const Project = z.object({
  id,
  clientId: id.nullish(),
  name: z.string(),
  status: ProjectStatus.default("active"),
  aiSummary: z.string().nullish(),
  ...suggestion,
  ...stamps,
});
export type Project = z.infer<typeof Project>;

/** A milestone of a project, not a calendar event. */
export const Timeline = z.object({
  id,
  projectId: id,
  title: z.string(),
  date: ms,
  ...suggestion,
  ...stamps,
});
export type Timeline = z.infer<typeof Timeline>;

export const Note = z.object({
  id,
  projectId: id.nullish(),
  title: z.string(),
  /** Markdown. */
  content: z.string(),
  ...suggestion,
  ...stamps,
});
export type Note = z.infer<typeof Note>;

export const TaskComment = z.object({
  id,
  taskId: id,
  author: z.string(),
  content: z.string(),
  createdAt: ms,
});
export type TaskComment = z.infer<typeof TaskComment>;

export const Client = z.object({
  id,
  parentId: id.nullish(),
  name: z.string(),
  industry: z.string().nullish(),
  createdAt: ms,
});
export type Client = z.infer<typeof Client>;

/** Every table of the reference schema by its name on the wire. */
export const WORKSPACE_TABLES = {
  tasks: Task,
  projects: Project,
  timelines: Timeline,
  notes: Note,
  taskComments: TaskComment,
  clients: Client,
} as const;

export type WorkspaceTable = keyof typeof WORKSPACE_TABLES;

/** The four domains a sub-agent owns. */
export const Domain = z.enum(["tasks", "projects", "timelines", "notes"]);
export type Domain = z.infer<typeof Domain>;
