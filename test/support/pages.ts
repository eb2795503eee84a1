/** What the web of tests shows. The first part of a path is the kind of page, the rest names the page. */
import type { RequestListener, ServerResponse } from "node:http";

const MB = 1024 * 1024;
const asked = new Map<string, number>();

const PAGES: Record<string, (response: ServerResponse, path: string) => void> = {
  /** `/says/some%20words`. */
  says: (response, path) =>
    response
      .setHeader("content-type", "text/html; charset=utf-8")
      .end(
        `<html><title>Of the web</title><h1>A page</h1><p>${decodeURIComponent(path.split("/")[2] ?? "")}</p>`,
      ),
  /** Another text each time it is asked for. */
  counts: (response, path) => {
    asked.set(path, (asked.get(path) ?? 0) + 1);
    response
      .setHeader("content-type", "text/plain")
      .end(`This page was asked for, and that ${asked.get(path)} times.`);
  },
  table: (response) => response.end("animal;seen\notter;4\nheron;2\n"),
  picture: (response) =>
    response.setHeader("content-type", "text/html").end(Buffer.from("89504e470d0a1a0a", "hex")),
  missing: (response) => response.writeHead(404).end(),
  unwell: (response) => response.writeHead(503).end(),
  large: (response) => response.setHeader("content-type", "text/plain").end(Buffer.alloc(26 * MB, "word ")),
  inside: (response) =>
    response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data/" }).end(),
};

export const showPage: RequestListener = (request, response) => {
  const path = new URL(request.url ?? "", "http://web").pathname;
  const show = PAGES[path.split("/")[1] ?? ""];
  if (show) show(response, path);
  else response.writeHead(404).end();
};
