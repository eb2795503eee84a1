import { derivedId } from "../../src/lib/ids.ts";
import { SEED_NOTES } from "./seed-notes.ts";
import { SEED_CLIENTS, SEED_COMMENTS, SEED_PROJECTS, SEED_TASKS, SEED_TIMELINES } from "./seed-rows.ts";
import type { SqliteStore } from "./store.ts";
import { clients, notes, projects, taskComments, tasks, timelines } from "./tables.ts";

const DAY_MS = 24 * 3600 * 1000;

/** The same ids on every machine and every day, so that scripts and tests can name a row. `index` is its place in the list. */
export function seedId(table: string, index: number): string {
  return derivedId("seed", table, index);
}

/** Fills in the sample workspace around `nowMs`. Rows that are there already stay as they are. */
export function seedStore(store: SqliteStore, nowMs: number): void {
  const rows = seedRows(nowMs);
  store.db.transaction(
    (tx) => {
      tx.insert(clients).values(rows.clients).onConflictDoNothing().run();
      tx.insert(projects).values(rows.projects).onConflictDoNothing().run();
      tx.insert(tasks).values(rows.tasks).onConflictDoNothing().run();
      tx.insert(timelines).values(rows.timelines).onConflictDoNothing().run();
      tx.insert(notes).values(rows.notes).onConflictDoNothing().run();
      tx.insert(taskComments).values(rows.taskComments).onConflictDoNothing().run();
    },
    { behavior: "immediate" },
  );
}

export function seedRows(nowMs: number) {
  const made = (index: number) => nowMs - (30 - index) * DAY_MS;
  const stamps = (index: number) => ({ createdAt: made(index), updatedAt: made(index) });
  const projectId = (project: number | null) => (project === null ? null : seedId("projects", project));
  return {
    clients: SEED_CLIENTS.map(({ name, industry, parent }, index) => ({
      id: seedId("clients", index),
      parentId: parent === undefined ? null : seedId("clients", parent),
      name,
      industry,
      createdAt: made(index),
    })),
    projects: SEED_PROJECTS.map(({ client, name, archived, aiSummary }, index) => ({
      id: seedId("projects", index),
      clientId: client === null ? null : seedId("clients", client),
      name,
      status: archived === true ? "archived" : "active",
      aiSummary: aiSummary ?? null,
      ...stamps(index),
    })),
    tasks: SEED_TASKS.map(({ project, assignees, dueDay, suggested, ...task }, index) => ({
      id: seedId("tasks", index),
      projectId: projectId(project),
      ...task,
      assignee: assignees === undefined ? null : JSON.stringify(assignees),
      dueDate: dueDay === undefined ? null : afternoon(nowMs, dueDay),
      isAiSuggested: suggested === true ? 1 : 0,
      ...stamps(index),
    })),
    timelines: SEED_TIMELINES.map(({ project, title, day }, index) => ({
      id: seedId("timelines", index),
      projectId: seedId("projects", project),
      title,
      date: afternoon(nowMs, day),
      ...stamps(index),
    })),
    notes: SEED_NOTES.map(({ project, title, content }, index) => ({
      id: seedId("notes", index),
      projectId: projectId(project),
      title,
      content,
      ...stamps(index),
    })),
    taskComments: SEED_COMMENTS.map(({ task, author, content }, index) => ({
      id: seedId("taskComments", index),
      taskId: seedId("tasks", task),
      author,
      content,
      createdAt: made(20 + index),
    })),
  };
}

/** Five o'clock in the time zone of this machine, so that "today" is today for the person who sits at it. */
function afternoon(nowMs: number, day: number): number {
  const time = new Date(nowMs);
  time.setDate(time.getDate() + day);
  return time.setHours(17, 0, 0, 0);
}
