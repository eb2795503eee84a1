import * as z from "zod";
import type { DeviceRow, Tool } from "../../tools/types.ts";
import { idText, listAnswer, quoted, rowLine, suggestionText, timeText } from "./answers.ts";
import {
  COUNTED_DEFAULT,
  changesSomething,
  clearableMs,
  defined,
  Flag,
  Limit,
  NO_CHANGE,
  OptionalId,
  optional,
  RowId,
  Search,
  SUGGESTION_UPDATES,
  Switch,
  Title,
  untilMs,
  When,
  whenMs,
} from "./inputs.ts";
import { creationTool, deletionTool, updateTool } from "./mutations.ts";

const NOUN = { one: "milestone", many: "milestones" };

const ListTimelines = z.strictObject({
  projectId: OptionalId,
  search: Search,
  dateFrom: optional(When),
  dateTo: optional(When),
  awaitingApproval: optional(Switch.describe("True for suggestions that wait for the person's approval.")),
  limit: optional(Limit),
});
type ListTimelines = z.infer<typeof ListTimelines>;

export const listTimelines: Tool<ListTimelines> = {
  name: "list_timelines",
  description:
    "Lists milestones by date, of one project or of all. dateFrom and dateTo are inclusive; a date alone is its whole day.",
  input: ListTimelines,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Looking through your milestones",
  async run(input, ctx) {
    const limit = input.limit ?? COUNTED_DEFAULT;
    const outcome = await ctx.device({
      action: "select",
      table: "timelines",
      filters: defined({
        projectId: input.projectId,
        search: input.search,
        dateFrom: clearableMs(input.dateFrom, ctx.timezone),
        dateTo: untilMs(input.dateTo, ctx.timezone),
        ...(input.awaitingApproval ? { isAiSuggested: 1, isApproved: 0 } : {}),
        orderBy: "date",
      }),
      limit: limit + 1,
    });
    return listAnswer(outcome, { noun: NOUN, limit, line: (row) => timelineLine(row, ctx.timezone) });
  },
};

const CreateTimeline = z.strictObject({
  projectId: RowId,
  title: Title,
  date: When,
  isAiSuggested: optional(Flag.describe("1 only for a milestone that nobody asked for.")),
  isApproved: optional(Flag.describe("1 only when the person confirmed it.")),
});

export const createTimeline = creationTool({
  name: "create_timeline",
  description: "Creates one milestone of a project. It is not a calendar event.",
  table: "timelines",
  noun: NOUN,
  input: CreateTimeline,
  label: "Creating a milestone",
  line: timelineLine,
  summary: ({ title }) => `Create the milestone ${quoted(title)}.`,
  row: (input, timezone) => ({
    projectId: input.projectId,
    title: input.title,
    date: whenMs(input.date, timezone),
    isAiSuggested: input.isAiSuggested ?? 0,
    isApproved: input.isApproved ?? 0,
  }),
});

const UpdateTimeline = z
  .strictObject({
    timelineId: RowId,
    title: optional(Title),
    date: optional(When),
    projectId: OptionalId,
    ...SUGGESTION_UPDATES,
  })
  .refine(changesSomething, NO_CHANGE);

export const updateTimeline = updateTool({
  name: "update_timeline",
  description: "Changes the given fields of one milestone and leaves the others.",
  table: "timelines",
  noun: NOUN,
  input: UpdateTimeline,
  label: "Updating a milestone",
  line: timelineLine,
  change: ({ timelineId, date, ...columns }, timezone) => ({
    id: timelineId,
    updates: defined({ ...columns, date: clearableMs(date, timezone) }),
  }),
});

export const deleteTimeline = deletionTool({
  name: "delete_timeline",
  table: "timelines",
  noun: NOUN,
  input: z.strictObject({ timelineId: RowId }).transform(({ timelineId }) => ({ id: timelineId })),
  description: "Deletes one milestone for good. The person is asked first.",
});

function timelineLine(row: DeviceRow, timezone: string): string {
  return rowLine(row, row.title, [
    ["date", timeText(row.date, timezone)],
    ["project", idText(row.projectId)],
    ["suggestion", suggestionText(row)],
  ]);
}
