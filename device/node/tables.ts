/** The device's tables (spec 3, reference schema), the hub's journal, and the vectors of notes. No foreign keys: rows may
 *  arrive in any order, and deleting a project must not delete work. */
import { blob, index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { CallResult } from "../journal-core.ts";

const id = () => text().primaryKey();
const suggestion = {
  isAiSuggested: integer().notNull().default(0),
  isApproved: integer().notNull().default(0),
};
const stamps = { createdAt: integer().notNull(), updatedAt: integer().notNull() };

export const tasks = sqliteTable(
  "tasks",
  {
    id: id(),
    projectId: text(),
    title: text().notNull(),
    description: text(),
    status: text().notNull().default("todo"),
    priority: text().notNull().default("medium"),
    assignee: text(),
    dueDate: integer(),
    ...suggestion,
    ...stamps,
  },
  (table) => [
    index("tasks_by_project").on(table.projectId),
    index("tasks_by_status").on(table.status),
    index("tasks_by_due_date").on(table.dueDate),
  ],
);

export const projects = sqliteTable("projects", {
  id: id(),
  clientId: text(),
  name: text().notNull(),
  status: text().notNull().default("active"),
  aiSummary: text(),
  ...suggestion,
  ...stamps,
});

export const timelines = sqliteTable(
  "timelines",
  {
    id: id(),
    projectId: text().notNull(),
    title: text().notNull(),
    date: integer().notNull(),
    ...suggestion,
    ...stamps,
  },
  (table) => [index("timelines_by_project").on(table.projectId)],
);

export const notes = sqliteTable(
  "notes",
  {
    id: id(),
    projectId: text(),
    title: text().notNull(),
    content: text().notNull(),
    ...suggestion,
    ...stamps,
  },
  (table) => [index("notes_by_project").on(table.projectId)],
);

export const taskComments = sqliteTable(
  "taskComments",
  {
    id: id(),
    taskId: text().notNull(),
    author: text().notNull(),
    content: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [index("task_comments_by_task").on(table.taskId)],
);

export const clients = sqliteTable("clients", {
  id: id(),
  parentId: text(),
  name: text().notNull(),
  industry: text(),
  createdAt: integer().notNull(),
});

/** Embeddings of notes, of unit length, so that a dot product is the cosine. */
export const vectors = sqliteTable(
  "vectors",
  {
    id: id(),
    projectId: text(),
    content: text().notNull(),
    /** 32-bit floats in the machine's own byte order. */
    vector: blob({ mode: "buffer" }).notNull(),
    /** Vectors of different embedders cannot be compared. */
    embedder: text().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [index("vectors_by_embedder").on(table.embedder)],
);

/** `position` keeps the order of the calls, and its highest value ever tells an older state of this file from this one. */
export const journal = sqliteTable(
  "journal",
  {
    position: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    state: text({ enum: ["started", "committed", "rejected", "revoked"] }).notNull(),
    result: text({ mode: "json" }).$type<CallResult>(),
    at: integer().notNull(),
  },
  (table) => [index("journal_by_state").on(table.state)],
);

export const meta = sqliteTable("meta", { key: text().primaryKey(), value: text().notNull() });
