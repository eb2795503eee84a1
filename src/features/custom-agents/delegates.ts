/** Agents of a person's own as the assistant sees them: by a name that it can ask for, with what they are for as data. */
import { asData, handlesOf } from "./naming.ts";
import type { RosterAgent } from "./schema.ts";

const DESCRIPTION_CHARS_MAX = 300;
const CAPABILITIES_CHARS_MAX = 200;

/** One agent that can be delegated to, in the version that a turn began with. */
export interface Delegate {
  handle: string;
  id: string;
  version: number;
}

/** The delegable ones, in their order. */
export function delegatesOf(agents: readonly RosterAgent[]): Delegate[] {
  const delegable = agents.filter((agent) => agent.delegable);
  const handles = handlesOf(delegable.map(({ definition }) => definition.name));
  return delegable.map(({ id, version }, at) => ({ handle: handles[at]!, id, version }));
}

/** What people wrote of their agents is data to the model, bounded, on one line. */
export function purposeOf({ definition: { name, description, capabilities } }: RosterAgent): string {
  const told = {
    name,
    description: cut(description, DESCRIPTION_CHARS_MAX),
    ...(capabilities.length > 0 ? { good_at: cut(capabilities.join("; "), CAPABILITIES_CHARS_MAX) } : {}),
  };
  return `an agent that the person made, described by them in data: ${asData(told)}`;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}
