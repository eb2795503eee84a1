export interface ReadEvent {
  event: string;
  data: Record<string, unknown>;
}

/** The events of a whole stream, keep-alives left out. */
export function eventsOf(stream: string): ReadEvent[] {
  return stream
    .split("\n\n")
    .filter((block) => block.startsWith("event: ") || block.startsWith("id: "))
    .map((block) => {
      const lines = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line]));
      const fieldOf = (name: string) => (lines.get(name) ?? "").slice(name.length + 2);
      return { event: fieldOf("event"), data: JSON.parse(fieldOf("data")) };
    });
}
