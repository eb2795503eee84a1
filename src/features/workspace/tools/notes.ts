import * as z from "zod";
import type { DeviceRow, Tool, ToolContext, ToolOutput } from "../../tools/types.ts";
import { indexedText } from "../note-text.ts";
import {
  cut,
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
  defined,
  Limit,
  NO_CHANGE,
  OptionalId,
  optional,
  RowId,
  Search,
  Switch,
  Title,
  wholeNumber,
} from "./inputs.ts";
import { creationTool, deletionTool, updateTool } from "./mutations.ts";

const NOUN = { one: "note", many: "notes" };
/** Leaves room for four bytes a character in one frame. */
const CONTENT_CHARS_MAX = 100_000;
/** Characters of a note's text in one answer. */
const PAGE_CHARS = 8000;

const Content = z.string().max(CONTENT_CHARS_MAX).describe("Markdown.");

const ListNotes = z.strictObject({
  projectId: OptionalId,
  search: Search,
  awaitingApproval: optional(Switch.describe("True for suggestions that wait for the person's approval.")),
  limit: optional(Limit),
});
type ListNotes = z.infer<typeof ListNotes>;

export const listNotes: Tool<ListNotes> = {
  name: "list_notes",
  description:
    "Lists notes without their text, newest change first. search finds exact words; search_notes finds by meaning.",
  input: ListNotes,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Looking through your notes",
  async run(input, ctx) {
    const limit = input.limit ?? COUNTED_DEFAULT;
    const outcome = await ctx.device({
      action: "select",
      table: "notes",
      filters: defined({
        projectId: input.projectId,
        search: input.search,
        ...(input.awaitingApproval ? { isAiSuggested: 1, isApproved: 0 } : {}),
        orderBy: "updatedAt desc",
      }),
      limit: limit + 1,
    });
    return listAnswer(outcome, { noun: NOUN, limit, line: (row) => noteLine(row, ctx.timezone) });
  },
};

const GetNote = z.strictObject({
  noteId: RowId,
  offset: optional(
    wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).describe(
      "Where to read on in a long note, in characters.",
    ),
  ),
});
type GetNote = z.infer<typeof GetNote>;

export const getNote: Tool<GetNote> = {
  name: "get_note",
  description: `Reads one note with its text, up to ${PAGE_CHARS} characters at a time.`,
  input: GetNote,
  readOnly: true,
  idempotent: true,
  destructive: false,
  label: "Reading a note",
  async run(input, ctx) {
    const outcome = await ctx.device({ action: "get", table: "notes", data: { id: input.noteId } });
    if (outcome.kind !== "row") return failure(outcome, "read");
    if (outcome.row === null) return notFound(NOUN, input.noteId);
    const content = String(outcome.row.content ?? "");
    const offset = Math.min(input.offset ?? 0, content.length);
    const page = cut(content.slice(offset), PAGE_CHARS);
    const end = offset + page.length;
    const lines = ["1 note:", noteLine(outcome.row, ctx.timezone), "content:", page];
    if (end < content.length) {
      lines.push(
        `(Characters ${offset} to ${end} of ${content.length}: read on with offset ${end} before rewriting it.)`,
      );
    }
    return { text: lines.join("\n") };
  },
};

const CreateNote = z.strictObject({ title: Title, content: Content, projectId: OptionalId });

export const createNote = creationTool({
  name: "create_note",
  description: "Creates one note in Markdown, which can then be found by meaning.",
  table: "notes",
  noun: NOUN,
  input: CreateNote,
  label: "Writing a note",
  line: noteLine,
  summary: ({ title }) => `Create the note ${quoted(title)}.`,
  row: (input) => defined({ ...input, isAiSuggested: 0, isApproved: 0 }),
  followUp: indexed,
});

const UpdateNote = z
  .strictObject({ noteId: RowId, title: optional(Title), content: optional(Content) })
  .refine(changesSomething, NO_CHANGE);

export const updateNote = updateTool({
  name: "update_note",
  description:
    "Replaces the title or the whole text of one note: read it with get_note first and keep what should stay.",
  table: "notes",
  noun: NOUN,
  input: UpdateNote,
  label: "Updating a note",
  line: noteLine,
  change: ({ noteId, ...columns }) => ({ id: noteId, updates: defined(columns) }),
  followUp: indexed,
});

export const deleteNote = deletionTool({
  name: "delete_note",
  table: "notes",
  noun: NOUN,
  input: z.strictObject({ noteId: RowId }).transform(({ noteId }) => ({ id: noteId })),
  description: "Deletes one note for good. The person is asked first.",
});

/**
 * Stores the vector of a saved note as a second device call. The note stays saved when that fails, so the answer is no error:
 * a model that tried again would write the note twice.
 */
async function indexed(answer: ToolOutput, row: DeviceRow, ctx: ToolContext): Promise<ToolOutput> {
  const text = indexedText({ title: String(row.title ?? ""), content: String(row.content ?? "") });
  const vector = await ctx.embed(text).catch(() => null);
  ctx.signal.throwIfAborted();
  if (vector) {
    const data = defined({ id: row.id, projectId: row.projectId ?? undefined, content: text });
    const outcome = await ctx.device({ action: "vector_upsert", data, vector });
    if (outcome.kind === "ok" && outcome.ok) return answer;
  }
  return { text: `${answer.text}\nIt is saved, but search_notes may not find this version.` };
}

function noteLine(row: DeviceRow, timezone: string): string {
  return rowLine(row, row.title, [
    ["changed", timeText(row.updatedAt, timezone)],
    ["project", idText(row.projectId)],
    ["suggestion", suggestionText(row)],
  ]);
}
