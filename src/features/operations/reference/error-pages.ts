import { ERROR_HELP } from "../../../lib/error-help.ts";
import { ERROR_CATALOGUE, type ErrorCode } from "../../../lib/errors.ts";
import { html, inline, prose } from "./html.ts";
import { pageFrame } from "./page.ts";

const CODES = Object.entries(ERROR_CATALOGUE);

/** The list of all codes. */
export function errorIndexPage(): string {
  return pageFrame(
    "Error codes",
    html`<p><a href="/docs">API reference</a></p>
      <h1>Error codes</h1>
      ${prose(
        "A failed request answers `application/problem+json` (RFC 9457). Decide by `code`: codes never change, " +
          "words may. Every answer carries a `request_id`; quote it when you report a problem.",
      )}
      <table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>
        ${CODES.map(
          ([code, { status, title }]) =>
            html`<tr><td><a href="/docs/errors/${code}"><code>${code}</code></a></td><td>${status}</td><td>${title}</td></tr>`,
        )}
      </tbody></table>`,
    "page",
  );
}

/** What one code means and what to do. */
export function errorPage(code: ErrorCode): string {
  const { status, title } = ERROR_CATALOGUE[code];
  const { when, remedy } = ERROR_HELP[code];
  return pageFrame(
    `${code}: ${title}`,
    html`<p><a href="/docs">API reference</a> / <a href="/docs/errors">Error codes</a></p>
      <h1>${title}</h1>
      <p><code>${code}</code>, status ${status}</p>
      <h2>When</h2><p>${inline(when)}</p>
      <h2>What to do</h2><p>${inline(remedy)}</p>`,
    "page",
  );
}
