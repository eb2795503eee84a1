import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "../../src/lib/errors.ts";
import { openApiDocument } from "../../src/lib/openapi.ts";
import { FORM_BYTES_MAX } from "../../src/lib/request-body.ts";
import type { Host, OnceRequest } from "../../src/lib/routes.ts";
import { uploadRouteMaker } from "../../src/lib/upload-routes.ts";

const Fields = z.object({ title: z.string().max(20).describe("Of the file") });
const Answer = z.object({ id: z.string(), title: z.string(), told: z.unknown(), text: z.string() });

const upload = uploadRouteMaker<null, null>()(
  "POST",
  "/files",
  {
    id: "createFile",
    tag: "files",
    summary: "Add a file",
    policy: { action: "create", resource: "files" },
    body: z.object({ title: z.string() }),
    answer: Answer,
    status: 202,
    creates: "row",
    upload: { fields: Fields, media: ["application/pdf"] },
  },
  {
    json: async ({ body, newId }) => ({ id: newId, title: body.title, told: "json", text: "" }),
    bytes: async ({ query, body: { bytes, ...told }, newId }) => ({
      id: newId,
      title: query.title,
      told,
      text: await new Response(bytes).text(),
    }),
  },
);

const FILE = "The otters of the lake were counted.";

function send(init: RequestInit, path = "/files?title=Otters", onces: OnceRequest[] = []): Promise<Response> {
  const host: Host<null, null> = {
    requestId: "request",
    params: {},
    member: async () => null,
    guest: async () => null,
    limitByAddress: async () => {},
    once: (_, request, run) => {
      onces.push(request);
      return run("by key");
    },
    newId: () => "fresh",
    newTurnId: () => "fresh",
    uploadLimit: async () => ({ bytesMax: 100, among: "of otters" }),
  };
  return upload.answer(new Request(`http://x${path}`, { method: "POST", ...init }), host);
}

async function failureOf(sent: Promise<Response>): Promise<AppError> {
  const failure = await sent.catch((error: unknown) => error);
  if (failure instanceof AppError) return failure;
  throw new Error("It was taken.");
}

function formOf(fields: Record<string, string | Blob>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") form.set(name, value);
    else form.set(name, value, "otters.pdf");
  }
  return form;
}

test("JSON goes where it always went", async () => {
  const response = await send({
    body: JSON.stringify({ title: "Otters" }),
    headers: { "content-type": "application/json" },
  });
  expect(await response.json()).toMatchObject({ id: "fresh", title: "Otters", told: "json" });
});

test("a file that is the body comes as a stream, with what was told of it", async () => {
  const headers = { "content-type": "application/pdf", "content-length": String(FILE.length) };
  const response = await send({ body: FILE, headers });
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({
    id: "fresh",
    title: "Otters",
    told: { size: FILE.length, type: "application/pdf" },
    text: FILE,
  });
});

test("a file in a form comes with its name", async () => {
  const file = new Blob([FILE], { type: "application/pdf" });
  const response = await send({ body: formOf({ title: "Otters", file }) }, "/files");
  expect(await response.json()).toMatchObject({
    title: "Otters",
    told: { size: FILE.length, type: "application/pdf", name: "otters.pdf" },
    text: FILE,
  });
});

test("more bytes than allowed are refused: by what is told, before anything is read, and at the byte past it", async () => {
  const declared = { body: "x", headers: { "content-length": "101" } };
  expect(await failureOf(send(declared))).toMatchObject({
    code: "payload_too_large",
    detail: "At most 100 bytes are accepted of otters.",
  });
  const pulled: number[] = [];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled.push(30);
      controller.enqueue(new Uint8Array(30));
      if (pulled.length === 100) controller.close();
    },
  });
  const endless = { body, duplex: "half", headers: { "content-length": "60" } };
  expect(await failureOf(send(endless))).toMatchObject({ code: "payload_too_large" });
  expect(pulled.length).toBeLessThan(20);
});

test("a file in a form is no larger than any other", async () => {
  const file = new Blob(["x".repeat(101)], { type: "application/pdf" });
  const failure = await failureOf(send({ body: formOf({ title: "Otters", file }) }, "/files"));
  expect(failure).toMatchObject({ code: "payload_too_large", detail: expect.stringContaining("100 bytes") });
});

test("a form has a limit of its own", async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(FORM_BYTES_MAX / 8)),
  });
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  const endless = { body, duplex: "half", headers };
  expect(await failureOf(send(endless, "/files"))).toMatchObject({ code: "payload_too_large" });
});

test("fields are checked wherever they stand", async () => {
  const long = "x".repeat(21);
  expect(await failureOf(send({ body: FILE }, `/files?title=${long}`))).toMatchObject({
    errors: [{ path: "query.title" }],
  });
  const file = new Blob([FILE]);
  expect(await failureOf(send({ body: formOf({ title: long, file }) }, "/files"))).toMatchObject({
    errors: [{ path: "body.title" }],
  });
  expect(await failureOf(send({ body: formOf({ title: "a", file: "text" }) }, "/files"))).toMatchObject({
    errors: [{ path: "body.file" }],
  });
});

test("nothing, and what is no form though it says so, are refused", async () => {
  expect(await failureOf(send({}))).toMatchObject({ code: "bad_request" });
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  expect(await failureOf(send({ body: "otters", headers }))).toMatchObject({ code: "bad_request" });
});

test("Content-Digest is checked against what arrived", async () => {
  const digest = createHash("sha256").update(FILE).digest("base64");
  const withDigest = (value: string) => send({ body: FILE, headers: { "content-digest": value } });
  expect((await withDigest(`sha-256=:${digest}:`)).status).toBe(202);
  expect((await withDigest(`sha-512=:AAAA:, sha-256=:${digest}:`)).status).toBe(202);
  expect((await withDigest("md5=:AAAA:")).status).toBe(202);
  const other = createHash("sha256").update("another file").digest("base64");
  expect(await failureOf(withDigest(`sha-256=:${other}:`))).toMatchObject({ code: "bad_request" });
  expect(await failureOf(withDigest("sha-256=otters"))).toMatchObject({ code: "bad_request" });
});

test("an Idempotency-Key stands for what is told of a body, and for all of a form", async () => {
  const onces: OnceRequest[] = [];
  const key = { "idempotency-key": "key" };
  const raw = (headers: Record<string, string>) =>
    send({ body: FILE, headers: { ...key, ...headers } }, "/files?title=Otters", onces);
  const form = (text: string) =>
    send({ body: formOf({ title: "a", file: new Blob([text]) }), headers: key }, "/files", onces);
  expect(await (await raw({ "content-type": "text/plain" })).json()).toMatchObject({ id: "by key" });
  await raw({ "content-type": "text/plain" });
  await raw({ "content-type": "application/pdf" });
  await form("one");
  await form("one");
  await form("two");
  const prints = onces.map(({ body }) => Buffer.from(body).toString("hex"));
  expect(prints[0]).toBe(prints[1]);
  // The boundary of a form is another each time.
  expect(prints[3]).toBe(prints[4]);
  expect(new Set(prints).size).toBe(4);
  expect(onces[0]).toMatchObject({ key: "key", operation: "POST /files?title=Otters", resumable: false });
});

test("the document names all forms", () => {
  const tags = [{ name: "files", description: "Files" }];
  const document = openApiDocument({ title: "Files", version: "1", description: "", tags }, [upload]);
  const { post } = z
    .object({ paths: z.object({ "/files": z.object({ post: z.record(z.string(), z.unknown()) }) }) })
    .parse(document).paths["/files"];
  expect(post["requestBody"]).toMatchObject({
    content: {
      "application/json": {},
      "application/pdf": { schema: { type: "string", contentMediaType: "application/pdf" } },
      "multipart/form-data": { schema: { required: ["file", "title"] } },
    },
  });
  expect(post["parameters"]).toContainEqual({
    name: "title",
    in: "query",
    required: false,
    description: "Of the file. For a body that is the file itself.",
    schema: { type: "string", maxLength: 20 },
  });
});
