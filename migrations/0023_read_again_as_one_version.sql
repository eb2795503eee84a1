ALTER TABLE "collection_versions" DROP CONSTRAINT "collection_versions_cause";--> statement-breakpoint
ALTER TABLE "collection_versions" ADD COLUMN "reindex_id" uuid;--> statement-breakpoint
ALTER TABLE "document_versions" ADD COLUMN "reindex_id" uuid;--> statement-breakpoint
ALTER TABLE "collection_versions" ADD CONSTRAINT "collection_versions_cause" CHECK ("collection_versions"."cause" in ('document_added', 'document_replaced', 'document_deleted', 'restored', 'reindexed'));