import type { Tool } from "../tools/types.ts";
import type { Domain } from "./schema.ts";
import { addTaskComment, deleteTaskComment, listTaskComments } from "./tools/comments.ts";
import { searchNotes } from "./tools/note-search.ts";
import { createNote, deleteNote, getNote, listNotes, updateNote } from "./tools/notes.ts";
import {
  createProject,
  deleteProject,
  getProject,
  listAllProjects,
  listProjects,
  updateProject,
} from "./tools/projects.ts";
import { decideSuggestion } from "./tools/suggestions.ts";
import { createTask, deleteTask, listTasks, listTasksDueToday, updateTask } from "./tools/tasks.ts";
import { createTimeline, deleteTimeline, listTimelines, updateTimeline } from "./tools/timelines.ts";

export { decideSuggestion };

/** The tools that each domain owns (spec 4). */
export const workspaceTools: Record<Domain, Tool[]> = {
  tasks: [
    listTasks,
    createTask,
    updateTask,
    deleteTask,
    listTasksDueToday,
    listTaskComments,
    addTaskComment,
    deleteTaskComment,
  ],
  projects: [listProjects, listAllProjects, getProject, createProject, updateProject, deleteProject],
  timelines: [listTimelines, createTimeline, updateTimeline, deleteTimeline],
  notes: [listNotes, getNote, createNote, updateNote, deleteNote, searchNotes],
};

/** Every tool that runs on the device, once. */
export const WORKSPACE_TOOLS: Tool[] = [...Object.values(workspaceTools).flat(), decideSuggestion];
