import * as z from "zod";
import type { DeviceRow, Tool } from "../../tools/types.ts";
import { ProjectStatus } from "../schema.ts";
import {
  excerpt,
  failure,
  idText,
  listAnswer,
  notFound,
  quoted,
  rowLine,
  suggestionText,
  timeText,
} from "./answers.ts";
import {
  COUNTED_DEFAULT,
  changesSomething,
  clearable,
  defined,
  Limit,
  NO_CHANGE,
  OptionalId,
  optional,
  RowId,
  Search,
  Switch,
  Title,
  wordOf,
} from "./inputs.ts";
import { creationTool, deletionTool, updateTool } from "./mutations.ts";

const NOUN = { one: "project", many: "projects" };
const SUMMARY_CHARS_MAX = 10_000;

const ListProjects = z.strictObject({
  clientId: OptionalId,
  includeArchived: optional(Switch.describe("True to see archived projects too.")),
  search: Search,
  awaitingApproval: optional(Switch.describe("True for suggestions that wait for the person's approval.")),
  limit: optional(Limit),
});
type ListProjects = z.infer<typeof ListProjects>;

export const listProjects: Tool<ListProjects> = {
  name: "list_projects",
  description: "Lists active projects by name, also to find a project's id by its name (search).",
  input: ListProjects,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Looking through your projects",
  async run(input, ctx) {
    const limit = input.limit ?? COUNTED_DEFAULT;
    const outcome = await ctx.device({
      action: "select",
      table: "projects",
      filters: defined({
        clientId: input.clientId,
        search: input.search,
        ...(input.awaitingApproval ? { isAiSuggested: 1, isApproved: 0 } : {}),
        includeArchived: input.includeArchived ?? false,
        orderBy: "name",
      }),
      limit: limit + 1,
    });
    return listAnswer(outcome, { noun: NOUN, limit, line: projectLine, countBy: ["status"] });
  },
};

export const listAllProjects: Tool<Record<string, never>> = {
  name: "list_all_projects",
  description: "Lists every project by name, archived ones included.",
  input: z.strictObject({}),
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Looking through all your projects",
  async run(_input, ctx) {
    const outcome = await ctx.device({
      action: "select",
      table: "projects",
      filters: { includeArchived: true, orderBy: "name" },
      limit: COUNTED_DEFAULT + 1,
    });
    return listAnswer(outcome, {
      noun: NOUN,
      limit: COUNTED_DEFAULT,
      line: projectLine,
      countBy: ["status"],
    });
  },
};

const GetProject = z.strictObject({ projectId: RowId });
type GetProject = z.infer<typeof GetProject>;

export const getProject: Tool<GetProject> = {
  name: "get_project",
  description: "Reads one project with its summary.",
  input: GetProject,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Reading a project",
  async run(input, ctx) {
    const outcome = await ctx.device({ action: "get", table: "projects", data: { id: input.projectId } });
    if (outcome.kind !== "row") return failure(outcome, "read");
    if (outcome.row === null) return notFound(NOUN, input.projectId);
    const { row } = outcome;
    const details = [
      `created: ${timeText(row.createdAt, ctx.timezone) ?? "unknown"}`,
      `last change: ${timeText(row.updatedAt, ctx.timezone) ?? "unknown"}`,
      `summary: ${excerpt(row.aiSummary, SUMMARY_CHARS_MAX) || "none"}`,
    ];
    return { text: ["1 project:", projectLine(row), ...details].join("\n") };
  },
};

const CreateProject = z.strictObject({ name: Title, clientId: OptionalId });

export const createProject = creationTool({
  name: "create_project",
  description: "Creates one active project.",
  table: "projects",
  noun: NOUN,
  input: CreateProject,
  label: "Creating a project",
  line: projectLine,
  summary: ({ name }) => `Create the project ${quoted(name)}.`,
  row: ({ name, clientId }) => defined({ name, clientId, status: "active", isAiSuggested: 0, isApproved: 0 }),
});

const UpdateProject = z
  .strictObject({
    projectId: RowId,
    name: optional(Title),
    status: optional(wordOf(ProjectStatus)),
    clientId: clearable(RowId),
    aiSummary: clearable(z.string().max(SUMMARY_CHARS_MAX)),
  })
  .refine(changesSomething, NO_CHANGE);

export const updateProject = updateTool({
  name: "update_project",
  description:
    "Changes the given fields of one project. Status archived puts it away without losing it. Null empties a field.",
  table: "projects",
  noun: NOUN,
  input: UpdateProject,
  label: "Updating a project",
  line: projectLine,
  change: ({ projectId, ...columns }) => ({ id: projectId, updates: defined(columns) }),
});

export const deleteProject = deletionTool({
  name: "delete_project",
  table: "projects",
  noun: NOUN,
  input: z.strictObject({ projectId: RowId }).transform(({ projectId }) => ({ id: projectId })),
  description:
    "Deletes one project for good. The person is asked first. Prefer archiving with update_project.",
});

function projectLine(row: DeviceRow): string {
  return rowLine(row, row.name, [
    ["status", excerpt(row.status, 40)],
    ["client", idText(row.clientId)],
    ["suggestion", suggestionText(row)],
  ]);
}
