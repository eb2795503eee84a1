/** What people call their agents, as models read it. */
import { Domain } from "../workspace/schema.ts";

const HANDLE_CHARS_MAX = 40;

/** JSON that cannot close a tag it stands in: for words that are data to a model. */
export function asData(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** What a model can ask for each agent by: plain words of its name, all different, and no domain's. */
export function handlesOf(names: readonly string[]): string[] {
  const taken = new Set<string>(Domain.options);
  return names.map((name) => {
    const plain = plainWords(name);
    let handle = plain;
    for (let next = 2; taken.has(handle); next++) handle = `${plain}_${next}`;
    taken.add(handle);
    return handle;
  });
}

function plainWords(name: string): string {
  const words = name
    .normalize("NFKD")
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return words?.join("_").slice(0, HANDLE_CHARS_MAX) ?? "agent";
}
