import { ERROR_HELP } from "../../../lib/error-help.ts";
import { ERROR_CATALOGUE, type ErrorCode } from "../../../lib/errors.ts";
import { problemType } from "../../../lib/problem.ts";

const INTRODUCTION = `# Error codes

A failed request answers \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, \`instance\`,
\`code\`, \`request_id\`, and \`errors[] {path, message}\` when fields are at fault. Decide by \`code\`: codes never change,
words may. \`type\` is the path of a page that a running service serves with the same words.

This file is written from the catalogue (\`src/lib/errors.ts\`, \`src/lib/error-help.ts\`) by \`npm run docs:write\`.
`;

/** The catalogue as a page of Markdown, in the catalogue's order. */
export function errorsMarkdown(): string {
  return `${[INTRODUCTION, table(), ...codes().map(section)].join("\n")}`;
}

function codes(): ErrorCode[] {
  return Object.keys(ERROR_HELP).filter((code): code is ErrorCode => code in ERROR_CATALOGUE);
}

function table(): string {
  const rows = codes().map((code) => {
    const { status, title } = ERROR_CATALOGUE[code];
    return `| [\`${code}\`](#${code}) | ${status} | ${title} |`;
  });
  return ["| code | status | meaning |", "|---|---|---|", ...rows, ""].join("\n");
}

function section(code: ErrorCode): string {
  const { status, title } = ERROR_CATALOGUE[code];
  const { when, remedy } = ERROR_HELP[code];
  return [
    `## ${code}`,
    `${title}. Status ${status}, type \`${problemType(code)}\`.`,
    "",
    `**When**: ${when}`,
    "",
    `**What to do**: ${remedy}`,
    "",
  ].join("\n");
}
