/** Writes the parts of the docs that come from source: `npm run docs:write`. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorsMarkdown } from "../src/features/operations/reference/error-markdown.ts";
import { protocolMarkdown } from "./docs/protocol-markdown.ts";

export const WRITTEN_DOCS: Readonly<Record<string, () => string>> = {
  "docs/errors.md": errorsMarkdown,
  "docs/protocol.md": protocolMarkdown,
};

if (import.meta.main) {
  for (const [path, write] of Object.entries(WRITTEN_DOCS)) {
    await writeFile(join(import.meta.dirname, "..", path), write());
  }
}
