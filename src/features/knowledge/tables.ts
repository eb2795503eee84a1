export * from "./chunk-tables.ts";
export * from "./document-tables.ts";
export { knowledgeQueries } from "./query-tables.ts";
