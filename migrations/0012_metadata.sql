DROP INDEX "chunks_document";--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "metadata" "bytea";--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "tags" bigint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX "chunks_document" ON "chunks" USING btree ("document_id","number","id","collection","tenant_id","user_id");