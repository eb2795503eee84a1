import { type Route, route } from "../../platform/routes.ts";
import * as schema from "./schema.ts";
import * as knowledge from "./service.ts";

const onCollections = (action: string) => ({ action, resource: "collections" });

export const collectionRoutes: readonly Route[] = [
  route(
    "POST",
    "/rag/collections",
    {
      id: "createCollection",
      tag: "knowledge",
      summary: "Create a collection",
      policy: onCollections("create"),
      body: schema.CreateCollection,
      answer: schema.Collection,
      status: 201,
      creates: "row",
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, body, newId }) => knowledge.createCollection(ctx, body, newId),
  ),
  route(
    "GET",
    "/rag/collections",
    {
      id: "listCollections",
      tag: "knowledge",
      summary: "List collections",
      description: "Your own and those shared with you, the newest first; or your own deleted ones.",
      policy: onCollections("read"),
      query: schema.ListCollections,
      answer: schema.CollectionPage,
      errors: ["bad_request"],
    },
    ({ ctx, query }) => knowledge.listCollections(ctx, query),
  ),
  route(
    "GET",
    "/rag/collections/{id}",
    {
      id: "getCollection",
      tag: "knowledge",
      summary: "Read a collection",
      policy: onCollections("read"),
      params: schema.CollectionId,
      answer: schema.Collection,
      versioned: true,
    },
    ({ ctx, params }) => knowledge.getCollection(ctx, params.id),
  ),
  route(
    "PATCH",
    "/rag/collections/{id}",
    {
      id: "updateCollection",
      tag: "knowledge",
      summary: "Change a collection",
      description: "What is left out stays. Settings count for documents that are sent from now on.",
      policy: onCollections("update"),
      params: schema.CollectionId,
      body: schema.UpdateCollection,
      answer: schema.Collection,
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, params, body, ifMatch }) => knowledge.updateCollection(ctx, params.id, body, ifMatch),
  ),
  route(
    "DELETE",
    "/rag/collections/{id}",
    {
      id: "deleteCollection",
      tag: "knowledge",
      summary: "Delete a collection",
      description: "Its documents go out of sight with it, and for good after 30 days.",
      policy: onCollections("delete"),
      params: schema.CollectionId,
    },
    ({ ctx, params, ifMatch }) => knowledge.deleteCollection(ctx, params.id, ifMatch),
  ),
  route(
    "POST",
    "/rag/collections/{id}/undelete",
    {
      id: "undeleteCollection",
      tag: "knowledge",
      summary: "Bring a deleted collection back",
      description: "For 30 days, with its documents and versions as they were.",
      policy: onCollections("delete"),
      params: schema.CollectionId,
      answer: schema.Collection,
      versioned: true,
      errors: ["conflict"],
    },
    ({ ctx, params }) => knowledge.undeleteCollection(ctx, params.id),
  ),
  route(
    "GET",
    "/rag/collections/{id}/statistics",
    {
      id: "getCollectionStatistics",
      tag: "knowledge",
      summary: "See what is in a collection",
      policy: onCollections("read"),
      params: schema.CollectionId,
      answer: schema.CollectionStatistics,
    },
    ({ ctx, params }) => knowledge.collectionStatistics(ctx, params.id),
  ),
  route(
    "POST",
    "/rag/collections/{id}/reindex",
    {
      id: "reindexCollection",
      tag: "knowledge",
      summary: "Read a collection again with its present settings",
      description:
        "Changed settings count for documents that are sent from then on; this has the others read again from the bytes that " +
        "are there, as one version of the collection. What was can be found until then, and stays where one cannot be read. " +
        "Repeated, it takes up those that are left.",
      policy: onCollections("update"),
      params: schema.CollectionId,
      answer: schema.Reindexing,
      status: 202,
    },
    ({ ctx, params }) => knowledge.reindexCollection(ctx, params.id),
  ),
  route(
    "GET",
    "/rag/collections/{id}/versions",
    {
      id: "listCollectionVersions",
      tag: "knowledge",
      summary: "List the versions of a collection",
      description:
        "Each change of what can be found makes one. The newest first, as many as the collection keeps, and those that a " +
        "restoration of the last 30 days took the place of; a search can name one. " +
        "Who only reads the collection is told of the newest.",
      policy: onCollections("read"),
      params: schema.CollectionId,
      query: schema.ListVersions,
      answer: schema.CollectionVersionPage,
      errors: ["bad_request"],
    },
    ({ ctx, params, query }) => knowledge.listCollectionVersions(ctx, params.id, query),
  ),
  route(
    "POST",
    "/rag/collections/{id}/restore",
    {
      id: "restoreCollection",
      tag: "knowledge",
      summary: "Restore a version of a collection",
      description:
        "Makes a new version with the content of an earlier one, at once: nothing is read again, and it can be undone in the " +
        "same way, for 30 days even when more versions follow than are kept. Documents that were deleted since then stay " +
        "deleted. What still is to be read again, under a new title or with other settings, is not where it has other content now, " +
        "nor any of a reindexing that began after the version.",
      policy: onCollections("restore"),
      params: schema.CollectionId,
      body: schema.RestoreCollection,
      answer: schema.RestoredCollection,
      versioned: true,
    },
    ({ ctx, params, body, ifMatch }) => knowledge.restoreCollection(ctx, params.id, body.version, ifMatch),
  ),
];
