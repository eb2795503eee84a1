/** A person's library on a running stack: real files of every format, sent over HTTP, and everything that was made of them. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { extname, join } from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@neondatabase/serverless";
import { z } from "zod";
import { ROOT } from "../../dev/project.ts";
import type { Stack } from "../../dev/stack.ts";
import { Collection, Document, DocumentPage, SearchAnswer } from "../../src/features/knowledge/schema.ts";
import { newId } from "../../src/lib/ids.ts";
import { EACH_POSTING } from "./postings.ts";

/** Real ones; absent in a checkout alone. */
const REAL = join(ROOT, "../shared/data/documents");
const REAL_BYTES_MAX = 60_000;
const REAL_EACH = 2;
const POLL_MS = 100;
const LIST_MAX = 100;

export interface LibraryFile {
  title: string;
  type: string;
  bytes: Uint8Array;
}

/** Some of each format that others wrote, the smallest left out: an empty file has its answer elsewhere. */
export async function realFiles(): Promise<LibraryFile[]> {
  const files: LibraryFile[] = [];
  for (const type of ["pdf", "docx", "eml"]) {
    const names = await readdir(join(REAL, type)).catch(() => []);
    let taken = 0;
    for (const name of names.filter((each) => extname(each) === `.${type}`).toSorted()) {
      const bytes = await readFile(join(REAL, type, name));
      if (taken === REAL_EACH || bytes.length > REAL_BYTES_MAX || bytes.length < 10_000) continue;
      files.push({ title: name, type, bytes });
      taken++;
    }
  }
  return files;
}

/** One of each format that can be written by hand, all different, each of some dozen chunks. */
export function ownFiles(): LibraryFile[] {
  const lines = (name: string, count: number) =>
    Array.from(
      { length: count },
      (_, day) => `On day ${day} the keeper of ${name} counted ${day * 7 + name.length} birds.`,
    );
  const written = [
    { type: "text", text: lines("Skomer", 120).join("\n\n") },
    {
      type: "markdown",
      text: lines("Lundy", 120)
        .map((line, index) => (index % 7 === 0 ? `## Week ${index / 7}\n\n${line}` : line))
        .join("\n\n"),
    },
    {
      type: "html",
      text: `<h1>Bardsey</h1>${lines("Bardsey", 120)
        .map((line) => `<p>${line}</p>`)
        .join("")}`,
    },
    {
      type: "csv",
      text: `day,report\n${lines("Fair Isle", 120)
        .map((line, day) => `${day},"${line}"`)
        .join("\n")}`,
    },
    { type: "json", text: JSON.stringify({ reports: lines("Foula", 120) }, null, 1) },
    {
      type: "eml",
      text: `From: keeper@example.com\r\nTo: you@example.com\r\nSubject: Counts of Unst\r\nContent-Type: text/plain\r\n\r\n${lines("Unst", 120).join("\r\n\r\n")}`,
    },
    // Two of the same words: what is the same in two documents is kept for each of them.
    { type: "text", text: lines("Skomer", 80).join("\n\n") },
    { type: "markdown", text: `# Rota\n\n${lines("Copeland", 150).join("\n\n")}` },
    { type: "text", text: lines("Great Saltee", 200).join("\n\n") },
    { type: "markdown", text: `# Ringing\n\n${lines("Heligoland", 100).join("\n\n")}` },
  ];
  return written.map(({ type, text }, index) => ({
    title: `own ${index} ${type}`,
    type,
    bytes: new TextEncoder().encode(text),
  }));
}

/** Many chunks of little text. */
const SETTINGS = { chunk_tokens: 64, overlap_tokens: 8 };

export class Library {
  readonly #stack: Stack;
  readonly #token: string;
  readonly id: string;

  private constructor(stack: Stack, token: string, id: string) {
    this.#stack = stack;
    this.#token = token;
    this.id = id;
  }

  /** Of a new person. */
  static async found(stack: Stack): Promise<Library> {
    const credentials = { email: `${newId()}@example.com`, password: "correct horse battery staple" };
    const response = await post(stack, "/auth/register", credentials, undefined);
    const { access_token: token } = z.object({ access_token: z.string() }).parse(await response.json());
    return Library.#open(stack, token);
  }

  /** Another one of the same person. */
  another(settings = SETTINGS): Promise<Library> {
    return Library.#open(this.#stack, this.#token, settings);
  }

  static async #open(stack: Stack, token: string, settings = SETTINGS): Promise<Library> {
    const response = await post(stack, "/rag/collections", { name: "Library", settings }, token);
    return new Library(stack, token, Collection.parse(await response.json()).id);
  }

  async add({ title, type, bytes }: LibraryFile): Promise<Document> {
    const content = Buffer.from(bytes).toString("base64");
    const body = { collection_id: this.id, title, type, content, encoding: "base64" };
    return Document.parse(await (await post(this.#stack, "/rag/documents", body, this.#token)).json());
  }

  /** Sends the file as the body, of whatever size, and answers what came back. */
  send({ title, type, bytes }: LibraryFile): Promise<Response> {
    const query = new URLSearchParams({ collection_id: this.id, title });
    return fetch(`${this.#stack.apiUrl}/api/v1/rag/documents?${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": type },
      body: bytes as Uint8Array<ArrayBuffer>,
    });
  }

  /** Says how long a body would be, sends none of it, and gives what came back. */
  async announce({ title, type, size }: { title: string; type: string; size: number }): Promise<unknown> {
    const query = new URLSearchParams({ collection_id: this.id, title });
    const asked = request(`${this.#stack.apiUrl}/api/v1/rag/documents?${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": type, "content-length": size },
    });
    asked.flushHeaders();
    const [answer]: IncomingMessage[] = await once(asked, "response");
    if (!answer) throw new Error("there was no answer");
    const body: unknown = await json(answer);
    asked.destroy();
    return body;
  }

  async documents(): Promise<Document[]> {
    const response = await this.#get(`/rag/documents?collection_id=${this.id}&limit=${LIST_MAX}`);
    return DocumentPage.parse(await response.json()).data;
  }

  /** Until every document is ready or has failed. */
  async settled(timeoutMs: number): Promise<Document[]> {
    for (const deadline = Date.now() + timeoutMs; ; await delay(POLL_MS)) {
      const documents = await this.documents();
      const open = documents.filter(({ status }) => !["ready", "failed", "cancelled"].includes(status));
      if (open.length === 0) return documents;
      if (Date.now() > deadline) throw new Error(`${open.length} documents are still ${open[0]?.status}`);
    }
  }

  /** Everything that was made of the documents, in words that are the same for the same documents. */
  async holdings(database: Client): Promise<{ documents: unknown[]; chunks: string[]; versions: unknown }> {
    const documents = await this.documents();
    const titles = new Map(documents.map(({ id, title }) => [id, title]));
    const { rows } = await database.query<{ document: string; made: string }>(CHUNKS, [this.id]);
    return {
      documents: documents
        .map(({ title, type, status, reason, progress, chunks, size, version }) => ({
          ...{ title, type, status, reason, progress, chunks, size, version },
        }))
        .toSorted((one, other) => one.title.localeCompare(other.title)),
      chunks: rows.map(({ document, made }) => `${titles.get(document)} ${made}`).toSorted(),
      versions: (await database.query(VERSIONS, [this.id])).rows,
    };
  }

  async search(query: string): Promise<string[]> {
    const body = { collection_id: this.id, query, limit: 10 };
    const response = await post(this.#stack, "/rag/search", body, this.#token);
    return SearchAnswer.parse(await response.json())
      .data.map(({ document, position, text, score }) =>
        JSON.stringify([score.toFixed(6), document.title, position.start, digest(text)]),
      )
      .toSorted();
  }

  #get(path: string): Promise<Response> {
    return fetch(`${this.#stack.apiUrl}/api/v1${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
  }
}

const CHUNKS = `
  SELECT c.document_id AS document, concat_ws(' ', encode(c.content_hash, 'hex'), c.hidden, c.embedder,
    p.made,
    (SELECT string_agg(md5(v.embedding::text), ',') FROM chunk_vectors v WHERE v.chunk_id = c.id),
    (SELECT string_agg(concat_ws(':', l.upload, l.ordinal, l.start, l.page), ',' ORDER BY l.upload, l.ordinal)
       FROM chunk_places l WHERE l.chunk = c.number)) AS made
  FROM chunks c JOIN documents d ON d.id = c.document_id
  LEFT JOIN (
    SELECT chunk, md5(string_agg(concat_ws(':', token, frequency, length), ',' ORDER BY token)) || '/' || count(*) AS made
    FROM ${EACH_POSTING} AS each GROUP BY chunk
  ) AS p ON p.chunk = c.number
  WHERE d.collection_id = $1`;

const VERSIONS = `
  SELECT content_version, (SELECT count(*)::integer FROM collection_versions v WHERE v.collection_id = c.id) AS versions,
    (SELECT sum(u.chunks) || ' chunks, ' || sum(u.terms) || ' terms' FROM document_versions u
       WHERE u.collection = c.number AND upper_inf(u.versions)) AS newest,
    (SELECT sum(length) || ' terms' FROM (SELECT DISTINCT p.chunk, p.length FROM ${EACH_POSTING} AS p
       WHERE p.collection = c.number) AS lengths) AS indexed
  FROM collections c WHERE c.id = $1`;

async function post(stack: Stack, path: string, body: unknown, token: string | undefined): Promise<Response> {
  const response = await fetch(`${stack.apiUrl}/api/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
  return response;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
