/** What the script `ingest` does. A door of its own: behind it are the readers of every format, which no other script carries. */
export { ingestDocument } from "./ingestion.ts";
