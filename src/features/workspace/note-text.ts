import type { Note } from "./schema.ts";

/** Characters of a note that its vector stands for, and that a search can show. */
const INDEXED_CHARS_MAX = 8000;

/** What a note is found by, and what its entry in the vector store holds: the title on the first line, then the text. */
export function indexedText(note: Pick<Note, "title" | "content">): string {
  const text = `${note.title.replace(/\s+/g, " ").trim()}\n\n${note.content}`;
  return text.slice(0, INDEXED_CHARS_MAX).toWellFormed();
}
