export { acceptDocuments, acceptReplacement } from "./acceptance.ts";
export { cancelDocument } from "./cancelling.ts";
export { ownedCollection } from "./collection-rows.ts";
export {
  createCollection,
  deleteCollection,
  getCollection,
  listCollections,
  undeleteCollection,
  updateCollection,
} from "./collections.ts";
export { documentContent } from "./content.ts";
export { AnswerReader, INSTRUCTIONS as ANSWER_INSTRUCTIONS } from "./core/answer.ts";
export { type CitedSource, citationsOf } from "./core/citing.ts";
export { mergeRanked, questionBlock, sourceBlock, withinTokens } from "./core/sources.ts";
export { updateDocument } from "./description.ts";
export {
  createDocument,
  createDocuments,
  deleteDocument,
  getDocument,
  listDocuments,
  replaceDocument,
  retryDocument,
} from "./documents.ts";
export { answerFromSources, findSources } from "./query.ts";
export { answerQuery } from "./query-door.ts";
export { deleteQueries, deleteQuery, listQueries } from "./query-log.ts";
export { reindexCollection } from "./rereading.ts";
export { restoreCollection } from "./restoring.ts";
export { searchCollection, withoutStrays } from "./retrieve.ts";
export { searchKnowledge } from "./search.ts";
export { collectionStatistics } from "./statistics.ts";
export { sweepDocuments } from "./sweep.ts";
export { replaceWithUpload, uploadDocument } from "./uploads.ts";
export { knowledgeUsage } from "./usage.ts";
export { listCollectionVersions, listDocumentVersions } from "./versions.ts";
