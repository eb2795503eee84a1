export {
  createCollection,
  deleteCollection,
  getCollection,
  listCollections,
  updateCollection,
} from "./collections.ts";
export {
  createDocument,
  createDocuments,
  deleteDocument,
  getDocument,
  listDocuments,
  retryDocument,
} from "./documents.ts";
export { searchKnowledge } from "./search.ts";
export { sweepDocuments } from "./sweep.ts";
