/**
 * The reference page, written on the server from the OpenAPI document: it needs no script to be read, nothing from
 * elsewhere, and so the strictest content security policy.
 */
import { type Answer, type ApiDocument, type Operation, refName } from "./document.ts";
import { exampleOf } from "./example.ts";
import { type Html, html, prose } from "./html.ts";
import { fieldLine, fieldList, typeName } from "./schema-view.ts";

interface Entry {
  method: string;
  path: string;
  operation: Operation;
}

export function referencePage(document: ApiDocument, origin: string): string {
  const entries = entriesOf(document);
  const groups = document.tags
    .map((tag) => ({ ...tag, entries: entries.filter(({ operation }) => operation.tags.includes(tag.name)) }))
    .filter((group) => group.entries.length > 0);
  const { title, version, description } = document.info;
  return pageFrame(
    `${title} reference`,
    html`<nav aria-label="Operations">
        <a class="brand" href="#top">${title} <small>${version}</small></a>
        <label class="search"><span class="hidden">Filter</span>
          <input id="filter" type="search" placeholder="Filter  /" autocomplete="off" spellcheck="false"></label>
        ${groups.map(
          (group) =>
            html`<section data-group><h2>${group.name}</h2><ul>${group.entries.map(navLine)}</ul></section>`,
        )}
      </nav>
      <main id="top">
        <header><h1>${title} API</h1>${prose(description)}
          <p class="links"><a href="/openapi.json">OpenAPI document</a><a href="/docs/errors">Error codes</a></p></header>
        ${groups.map(
          (group) => html`<section data-group><h2 class="tag" id="tag-${group.name}">${group.name}</h2>
            ${prose(group.description)}${group.entries.map((entry) => article(entry, document, origin))}</section>`,
        )}
        <p id="nothing" hidden>No operation matches.</p>
      </main>
      <script src="/docs/reference.js"></script>`,
  );
}

/** The frame that every page of the docs shares. */
export function pageFrame(title: string, body: Html, bodyClass = "reference"): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/reference.css">
  </head>
  <body class="${bodyClass}">${body}</body>
</html>`.toString();
}

function entriesOf(document: ApiDocument): Entry[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

function navLine({ method, operation }: Entry): Html {
  return html`<li data-text="${searchText(method, operation)}"><a href="#${operation.operationId}">
    <span class="method ${method.toLowerCase()}">${method}</span>${operation.summary}</a></li>`;
}

function searchText(method: string, operation: Operation, path = ""): string {
  return [method, path, operation.operationId, operation.summary].join(" ").toLowerCase();
}

function article({ method, path, operation }: Entry, document: ApiDocument, origin: string): Html {
  const policy = operation["x-policy"];
  return html`<article id="${operation.operationId}" data-text="${searchText(method, operation, path)}">
    <h3><a href="#${operation.operationId}">${operation.summary}</a></h3>
    <p class="route"><span class="method ${method.toLowerCase()}">${method}</span><code>${pathLabel(path)}</code>
      <span class="access">${policy ? `${policy.action} ${policy.resource}` : "no sign-in"}</span></p>
    <div class="columns"><div>
      ${operation.description ? prose(operation.description) : ""}
      ${parameterList(operation, document)}
      ${bodyFields(operation, document)}
      ${answers(operation, document)}
    </div><div class="examples">${examples(method, path, operation, document, origin)}</div></div>
  </article>`;
}

/** Parameters stand out, and long paths break at slashes. */
function pathLabel(path: string): Html {
  return html`${path
    .split(/(\{[^}]+\}|\/)/)
    .map((piece) => (piece.startsWith("{") ? html`<b>${piece}</b>` : piece === "/" ? html`/<wbr>` : piece))}`;
}

function parameterList({ parameters }: Operation, document: ApiDocument): Html {
  if (parameters.length === 0) return html``;
  return html`<h4>Parameters</h4><ul class="fields">${parameters.map((parameter) => {
    const field = { ...parameter.schema, description: parameter.description };
    return html`<li><span class="where">${parameter.in}</span>
      ${fieldLine(parameter.name, field, parameter.required, document)}</li>`;
  })}</ul>`;
}

function bodyFields({ requestBody }: Operation, document: ApiDocument): Html {
  return html`${Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => html`<h4>Body <small>${type}</small></h4>${fieldList(schema, document, "input")}`,
  )}`;
}

function answers({ responses }: Operation, document: ApiDocument): Html {
  return html`<h4>Answers</h4>${Object.entries(responses).map(([status, answer]) => {
    if (Number(status) >= 400 && !answer.content?.["application/json"]) return problemLine(status, answer);
    return html`<details class="answer" open><summary><b>${status}</b> ${answerType(answer, document)}</summary>
      ${answer.content?.["application/json"] ? fieldList(answer.content["application/json"].schema, document, "output") : ""}
    </details>`;
  })}`;
}

/** A status with the codes it may stand for, each linked to its page. */
function problemLine(status: string, { $ref, description = "" }: Answer): Html {
  const codes = $ref ? [refName($ref)] : [...description.matchAll(/`(\w+)`/g)].map(([, code = ""]) => code);
  const links = codes.map((code) => html`<a href="/docs/errors/${code}"><code>${code}</code></a> `);
  return html`<p class="answer problem"><b>${status}</b> ${links}</p>`;
}

function answerType(answer: Answer, document: ApiDocument): Html {
  const types = Object.entries(answer.content ?? {});
  if (types.length === 0) return html`without a body`;
  return html`${types.map(
    ([type, { schema }], index) =>
      html`${index > 0 ? " or " : ""}<code>${type === "application/json" ? typeName(schema, document) : type}</code>`,
  )}`;
}

function examples(
  method: string,
  path: string,
  operation: Operation,
  document: ApiDocument,
  origin: string,
): Html {
  const body = operation.requestBody?.content["application/json"]?.schema;
  const answer = Object.entries(operation.responses).find(([status]) => Number(status) < 300);
  const answerSchema = answer?.[1].content?.["application/json"]?.schema;
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}${origin}${path}`,
    operation["x-policy"] ? `  -H "Authorization: Bearer $TOKEN"` : "",
    body ? `  -H "Content-Type: application/json"` : "",
    body ? `  -d '${JSON.stringify(exampleOf(body, document, "input"), null, 2)}'` : "",
  ].filter((line) => line !== "");
  return html`${example("Request", lines.join(" \\\n"))}
    ${answerSchema ? example("Answer", JSON.stringify(exampleOf(answerSchema, document, "output"), null, 2)) : ""}`;
}

function example(label: string, text: string): Html {
  return html`<figure><figcaption>${label}<button type="button" data-copy>Copy</button></figcaption>
    <pre tabindex="0"><code>${text}</code></pre></figure>`;
}
