import { type Route, route, uploadRoute } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as knowledge from "./service.ts";

const onDocuments = (action: string) => ({ action, resource: "documents" });
const readingNotes =
  "Answered at once; the queue reads the document. Ask its `status_url` until the status is `ready`, or `failed` or " +
  "`cancelled`, which come with a reason.";

/** Media types of files that are read; JSON is one too, under any other type than its own. */
const FILES = [
  "application/octet-stream",
  "application/pdf",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "text/plain",
  "text/markdown",
  "text/html",
  "text/csv",
  "message/rfc822",
];

export const documentRoutes: readonly Route[] = [
  uploadRoute(
    "POST",
    "/rag/documents",
    {
      id: "createDocument",
      tag: "knowledge",
      summary: "Add a document",
      description: readingNotes,
      policy: onDocuments("create"),
      body: schema.CreateDocument,
      answer: schema.Document,
      status: 202,
      creates: "row",
      errors: ["not_found", "conflict"],
      upload: { fields: schema.UploadFields, media: FILES },
    },
    {
      json: ({ ctx, body, newId }) => knowledge.createDocument(ctx, body, newId),
      bytes: ({ ctx, query, body, newId }) => knowledge.uploadDocument(ctx, query, body, newId),
    },
  ),
  route(
    "POST",
    "/rag/documents/batch",
    {
      id: "createDocuments",
      tag: "knowledge",
      summary: "Add documents",
      description: `All of them or none. ${readingNotes}`,
      policy: onDocuments("create"),
      body: schema.CreateDocuments,
      answer: schema.CreatedDocuments,
      status: 202,
      creates: "row",
      errors: ["not_found", "conflict"],
    },
    ({ ctx, body, newId }) => knowledge.createDocuments(ctx, body, newId),
  ),
  route(
    "GET",
    "/rag/documents",
    {
      id: "listDocuments",
      tag: "knowledge",
      summary: "List documents",
      description: "The newest first; of one collection with `collection_id`, in one state with `status`.",
      policy: onDocuments("read"),
      query: schema.ListDocuments,
      answer: schema.DocumentPage,
      errors: ["bad_request"],
    },
    ({ ctx, query }) => knowledge.listDocuments(ctx, query),
  ),
  route(
    "GET",
    "/rag/documents/{id}",
    {
      id: "getDocument",
      tag: "knowledge",
      summary: "Read a document's state",
      policy: onDocuments("read"),
      params: schema.DocumentId,
      answer: schema.Document,
      versioned: true,
    },
    ({ ctx, params }) => knowledge.getDocument(ctx, params.id),
  ),
  route(
    "GET",
    "/rag/documents/{id}/content",
    {
      id: "getDocumentContent",
      tag: "knowledge",
      summary: "Download a document",
      description:
        "Its bytes as they were sent or fetched: those that can be found, else the newest; with `version` those of an earlier " +
        "upload that is kept, for the owner of the collection and for those who write into it.",
      policy: onDocuments("read"),
      params: schema.DocumentId,
      query: schema.DocumentContent,
      media: FILES,
      errors: ["conflict"],
    },
    ({ ctx, params, query }) => knowledge.documentContent(ctx, params.id, query.version),
  ),
  uploadRoute(
    "PUT",
    "/rag/documents/{id}",
    {
      id: "replaceDocument",
      tag: "knowledge",
      summary: "Replace a document's content",
      description:
        "What it was can be found until the new content has been read; only what differs is embedded. If it cannot be read, " +
        `the old content stays, with the reason on the document. ${readingNotes}`,
      policy: onDocuments("replace"),
      params: schema.DocumentId,
      body: schema.ReplaceDocument,
      answer: schema.Document,
      status: 202,
      creates: "row",
      versioned: true,
      upload: { fields: schema.ReplacementFields, media: FILES },
    },
    {
      json: ({ ctx, params, body, newId, ifMatch }) =>
        knowledge.replaceDocument(ctx, params.id, body, newId, ifMatch),
      bytes: ({ ctx, params, query, body, newId, ifMatch }) =>
        knowledge.replaceWithUpload(ctx, params.id, query, body, newId, ifMatch),
    },
  ),
  route(
    "PATCH",
    "/rag/documents/{id}",
    {
      id: "updateDocument",
      tag: "knowledge",
      summary: "Change a document's title or metadata",
      description:
        "What is left out stays. Words of a title count for searches: under a new one the document is read again, and until " +
        "it has been, it is found under the old one, as it stays in earlier versions. What changes nothing makes no version.",
      policy: onDocuments("update"),
      params: schema.DocumentId,
      body: schema.UpdateDocument,
      answer: schema.Document,
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, params, body, ifMatch }) => knowledge.updateDocument(ctx, params.id, body, ifMatch),
  ),
  route(
    "GET",
    "/rag/documents/{id}/versions",
    {
      id: "listDocumentVersions",
      tag: "knowledge",
      summary: "List the uploads of a document",
      description:
        "The newest first, with the content versions of the collection in which each can be found. Who only reads the " +
        "collection is told of the one that can be found now.",
      policy: onDocuments("read"),
      params: schema.DocumentId,
      query: schema.ListVersions,
      answer: schema.DocumentVersionPage,
      errors: ["bad_request"],
    },
    ({ ctx, params, query }) => knowledge.listDocumentVersions(ctx, params.id, query),
  ),
  route(
    "DELETE",
    "/rag/documents/{id}",
    {
      id: "deleteDocument",
      tag: "knowledge",
      summary: "Delete a document",
      description: "Gone for good with all that was made of it, in all versions, before the answer.",
      policy: onDocuments("delete"),
      params: schema.DocumentId,
    },
    ({ ctx, params }) => knowledge.deleteDocument(ctx, params.id),
  ),
  route(
    "POST",
    "/rag/documents/{id}/retry",
    {
      id: "retryDocument",
      tag: "knowledge",
      summary: "Read a failed or cancelled document again",
      policy: onDocuments("retry"),
      params: schema.DocumentId,
      answer: schema.Document,
      status: 202,
      errors: ["conflict"],
    },
    ({ ctx, params }) => knowledge.retryDocument(ctx, params.id),
  ),
  route(
    "POST",
    "/rag/documents/{id}/cancel",
    {
      id: "cancelDocument",
      tag: "knowledge",
      summary: "Stop the reading of a document",
      description:
        "What it was before stays as it is. One that never was read is `cancelled` then; `retry` takes it up where it was.",
      policy: onDocuments("cancel"),
      params: schema.DocumentId,
      answer: schema.Document,
      errors: ["conflict"],
    },
    ({ ctx, params }) => knowledge.cancelDocument(ctx, params.id),
  ),
];
