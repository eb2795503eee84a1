const TITLE_CHARS = 60;

/** A title for a chat that begins with this message: its first words, on one line. */
export function titleFrom(message: string): string {
  const line = message.replace(/\s+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= TITLE_CHARS) return line || "…";
  const cut = characters.slice(0, TITLE_CHARS).join("");
  const lastSpace = cut.lastIndexOf(" ");
  return `${lastSpace > TITLE_CHARS / 2 ? cut.slice(0, lastSpace) : cut}…`;
}
