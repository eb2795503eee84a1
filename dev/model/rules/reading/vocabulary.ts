/** The words of the workspace, and how its tools are called. */

export type Domain = "tasks" | "projects" | "timelines" | "notes";
export const DOMAINS: readonly Domain[] = ["tasks", "projects", "timelines", "notes"];

interface DomainWords {
  one: string;
  many: string;
  /** The entity tag. */
  tag: string;
  pattern: RegExp;
  list: string;
  create: string;
  update: string;
  delete: string;
  /** The parameter that holds the id. */
  id: string;
  /** The parameter that holds the title. */
  title: string;
}

export const WORDS: Readonly<Record<Domain, DomainWords>> = {
  tasks: {
    one: "task",
    many: "tasks",
    tag: "task",
    pattern: /\b(tasks?|to-?dos?|to do list)\b/i,
    list: "list_tasks",
    create: "create_task",
    update: "update_task",
    delete: "delete_task",
    id: "taskId",
    title: "title",
  },
  projects: {
    one: "project",
    many: "projects",
    tag: "project",
    pattern: /\bprojects?\b/i,
    list: "list_projects",
    create: "create_project",
    update: "update_project",
    delete: "delete_project",
    id: "projectId",
    title: "name",
  },
  timelines: {
    one: "milestone",
    many: "milestones",
    tag: "timeline",
    pattern: /\b(milestones?|timelines?|deadlines?)\b/i,
    list: "list_timelines",
    create: "create_timeline",
    update: "update_timeline",
    delete: "delete_timeline",
    id: "timelineId",
    title: "title",
  },
  notes: {
    one: "note",
    many: "notes",
    tag: "note",
    pattern: /\b(notes?|memos?)\b/i,
    list: "list_notes",
    create: "create_note",
    update: "update_note",
    delete: "delete_note",
    id: "noteId",
    title: "title",
  },
};

/** The domain whose noun comes first. */
export function domainIn(text: string): Domain | undefined {
  let first: { domain: Domain; index: number } | undefined;
  for (const domain of DOMAINS) {
    const index = text.search(WORDS[domain].pattern);
    if (index !== -1 && (!first || index < first.index)) first = { domain, index };
  }
  return first?.domain;
}

const ORDINALS: Readonly<Record<string, number>> = {
  first: 0,
  "1st": 0,
  top: 0,
  second: 1,
  "2nd": 1,
  third: 2,
  "3rd": 2,
  fourth: 3,
  "4th": 3,
  fifth: 4,
  "5th": 4,
  last: -1,
};

const ORDINAL = new RegExp(
  `^(?:the )?(${Object.keys(ORDINALS).join("|")})(?: (?:one|task|project|milestone|note|item))?$`,
  "i",
);
const ONE = /^(?:it|that|this|that one|this one|(?:this|that) (?:task|project|milestone|note|one))$/i;
const ALL =
  /^(?:them|those|these|both|everything|(?:all|both) of (?:them|those|these)|(?:all )?(?:those|these) (?:tasks|projects|milestones|notes))$/i;

/** A place in a list that was shown, counted from 0 or, with -1, from its end. */
export function ordinalOf(phrase: string): number | undefined {
  const word = ORDINAL.exec(phrase.trim())?.[1]?.toLowerCase();
  return word === undefined ? undefined : ORDINALS[word];
}

/** Whether a phrase only points at what was spoken of: one thing or several. */
export function pointerOf(phrase: string): "one" | "all" | undefined {
  if (ONE.test(phrase.trim())) return "one";
  return ALL.test(phrase.trim()) ? "all" : undefined;
}

export function plural(domain: Domain, count: number): string {
  return count === 1 ? WORDS[domain].one : WORDS[domain].many;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const STOP_WORDS = new Set(
  "a an the my our your i me we you it is are was were be to of for in on at by with about and or from that this what which where when how did do does have has say said write wrote written note notes task tasks project projects milestone milestones any some please tell find show there".split(
    " ",
  ),
);

/** The words that carry a phrase's meaning, in lower case. */
export function keywordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word));
}
