import { expect, test } from "vitest";
import { apiDocument } from "../../../src/app.ts";
import { ApiDocument } from "../../../src/features/operations/reference/document.ts";
import { errorIndexPage, errorPage } from "../../../src/features/operations/reference/error-pages.ts";
import { html } from "../../../src/features/operations/reference/html.ts";
import { referencePage } from "../../../src/features/operations/reference/page.ts";
import { ERROR_CATALOGUE, isErrorCode } from "../../../src/lib/errors.ts";

const document = ApiDocument.parse(apiDocument("1.2.3"));

test("the reference shows every operation, with its permission and its problems", () => {
  const page = referencePage(document, "https://api.example");
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const operation of Object.values(methods)) {
      expect(page).toContain(`<article id="${operation.operationId}"`);
      expect(page).toContain(`curl`);
      expect(page).toContain(`https://api.example${path}`.replaceAll("'", "&#39;"));
    }
  }
  expect(page).toContain("create chats");
  expect(page).toContain('href="/docs/errors/idempotency_mismatch"');
});

test("pages load nothing from elsewhere and hold no code in their markup", () => {
  const pages = [referencePage(document, "https://api.example"), errorIndexPage(), errorPage("busy")];
  for (const page of pages) {
    const sources = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = ""]) => address);
    for (const address of sources) expect(address).toMatch(/^(?:\/(?!\/)|#|data:,$)/);
    expect(page).not.toMatch(/ on\w+="|<script>|<style|style="/);
  }
});

test("every code has a page", () => {
  const index = errorIndexPage();
  for (const code of Object.keys(ERROR_CATALOGUE).filter(isErrorCode)) {
    expect(index).toContain(`/docs/errors/${code}`);
    expect(errorPage(code)).toContain(ERROR_CATALOGUE[code].title);
  }
});

test("text never becomes markup", () => {
  expect(String(html`<p title="${`"><script>`}">${["<b>", html`<i>${"&"}</i>`, false, null, 0]}</p>`)).toBe(
    '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;<i>&amp;</i>0</p>',
  );
});
