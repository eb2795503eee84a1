/** The protocol reference: prose from protocol.template.md, everything else from the frames' own schemas. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  CLOSE,
  ClientFrame,
  HubFrame,
  MUTATING_ACTIONS,
  ToolAction,
} from "../../src/features/hub/protocol.ts";
import { EVENT_TOPICS } from "../../src/features/hub/schema.ts";
import { WORKSPACE_TABLES } from "../../src/features/workspace/schema.ts";
import { CLIENT_WORDS } from "./client-frame-words.ts";
import { fieldTable } from "./frame-table.ts";
import { ACTION_WORDS, CLOSE_WORDS, type FrameWords, SHARED_WORDS } from "./frame-words.ts";
import { HUB_WORDS } from "./hub-frame-words.ts";

const TEMPLATE = join(import.meta.dirname, "protocol.template.md");

const PARTS: Readonly<Record<string, () => string>> = {
  "shared fields": sharedFields,
  "close codes": closeCodes,
  actions,
  tables,
  events,
  "client frames": () => frames(ClientFrame.options, CLIENT_WORDS),
  "hub frames": () => frames(HubFrame.options, HUB_WORDS),
};

export function protocolMarkdown(): string {
  return readFileSync(TEMPLATE, "utf8").replace(/^\{\{(.+)\}\}$/gm, (_, name: string) => {
    const part = PARTS[name];
    if (!part) throw new Error(`protocol.template.md asks for "${name}", which nothing writes.`);
    return part().trimEnd();
  });
}

/** Both names and examples come from here, so an example that its frame would refuse is noticed when the page is written. */
function frames(options: readonly FrameSchema[], words: Readonly<Record<string, FrameWords>>): string {
  return options
    .map((frame) => {
      const type = frame.shape.type.value;
      const known = words[type];
      if (!known) throw new Error(`Nothing is said of the frame ${type}.`);
      const fields = fieldTable(frame, known);
      const example = frame.parse(known.example);
      return [
        `### \`${type}\``,
        "",
        known.meaning,
        "",
        ...(fields === "" ? [] : [fields]),
        "```json",
        JSON.stringify(example),
        "```",
        "",
      ].join("\n");
    })
    .join("\n");
}

type FrameSchema = z.ZodObject<{ type: z.ZodLiteral<string> }>;

function sharedFields(): string {
  const rows = Object.entries(SHARED_WORDS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return ["| field | |", "|---|---|", ...rows].join("\n");
}

function closeCodes(): string {
  const rows = Object.entries(CLOSE).map(([name, code]) => {
    const { why, remedy } = CLOSE_WORDS[name as keyof typeof CLOSE];
    return `| \`${code}\` | ${why} | ${remedy} |`;
  });
  return ["| code | why | what to do |", "|---|---|---|", ...rows].join("\n");
}

function actions(): string {
  const rows = ToolAction.options.map((action) => {
    const { does, answer } = ACTION_WORDS[action];
    return `| \`${action}\` | ${does} | ${answer} | ${MUTATING_ACTIONS.has(action) ? "yes" : ""} |`;
  });
  return ["| action | the device does | answer | journaled |", "|---|---|---|---|", ...rows].join("\n");
}

function events(): string {
  const rows = Object.entries(EVENT_TOPICS).map(([topic, { tells, whom, data }]) => {
    const fields = Object.entries(data.shape).map(([name, field]) => {
      return `\`${name}${field instanceof z.ZodOptional ? "?" : ""}\``;
    });
    return `| \`${topic}\` | ${tells} | ${whom} | ${fields.join(", ")} |`;
  });
  return ["| topic | tells that | to whom | `data` |", "|---|---|---|---|", ...rows].join("\n");
}

function tables(): string {
  const rows = Object.entries(WORKSPACE_TABLES).map(([table, schema]) => {
    const columns = Object.keys(schema.shape).map((column) => `\`${column}\``);
    return `| \`${table}\` | ${columns.join(", ")} |`;
  });
  return ["| table | columns |", "|---|---|", ...rows].join("\n");
}
