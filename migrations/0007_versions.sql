-- Chunks gain what no statement can give old ones, and no release has had any: they go, with their documents.
truncate documents cascade;
--> statement-breakpoint
CREATE TABLE "chunk_places" (
	"document_id" uuid NOT NULL,
	"upload" integer NOT NULL,
	"chunk" bigint NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"collection" integer NOT NULL,
	"ordinal" integer NOT NULL,
	"start" integer NOT NULL,
	"page" integer,
	CONSTRAINT "chunk_places_document_id_upload_chunk_pk" PRIMARY KEY("document_id","upload","chunk")
);
--> statement-breakpoint
CREATE TABLE "collection_versions" (
	"collection_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"cause" text NOT NULL,
	"document_id" uuid,
	"restored_from" integer,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "collection_versions_collection_id_number_pk" PRIMARY KEY("collection_id","number"),
	CONSTRAINT "collection_versions_cause" CHECK ("collection_versions"."cause" in ('document_added', 'document_replaced', 'document_deleted', 'restored'))
);
--> statement-breakpoint
CREATE TABLE "document_versions" (
	"document_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"upload_id" uuid NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"collection" integer NOT NULL,
	"body" "bytea" NOT NULL,
	"type" text NOT NULL,
	"size" integer NOT NULL,
	"chunk_tokens" integer NOT NULL,
	"overlap_tokens" integer NOT NULL,
	"chunks" integer DEFAULT 0 NOT NULL,
	"terms" integer DEFAULT 0 NOT NULL,
	"versions" "int4multirange" DEFAULT '{}'::int4multirange NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "document_versions_document_id_number_pk" PRIMARY KEY("document_id","number"),
	CONSTRAINT "document_versions_upload_id_unique" UNIQUE("upload_id")
);
--> statement-breakpoint
DROP INDEX "chunks_document";--> statement-breakpoint
ALTER TABLE "chunks" ADD COLUMN "collection" integer NOT NULL;--> statement-breakpoint
ALTER TABLE "chunks" ADD COLUMN "hidden" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "chunks" ADD COLUMN "embedder" text;--> statement-breakpoint
ALTER TABLE "collections" ADD COLUMN "content_version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "collections" ADD COLUMN "versions_kept" integer DEFAULT 10 NOT NULL;--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "upload" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "chunk_places" ADD CONSTRAINT "chunk_places_chunk_chunks_number_fk" FOREIGN KEY ("chunk") REFERENCES "public"."chunks"("number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chunk_places" ADD CONSTRAINT "chunk_places_upload" FOREIGN KEY ("document_id","upload") REFERENCES "public"."document_versions"("document_id","number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_versions" ADD CONSTRAINT "collection_versions_collection_id_collections_id_fk" FOREIGN KEY ("collection_id") REFERENCES "public"."collections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_document_id_documents_id_fk" FOREIGN KEY ("document_id") REFERENCES "public"."documents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chunk_places_chunk" ON "chunk_places" USING btree ("chunk");--> statement-breakpoint
CREATE INDEX "document_versions_collection" ON "document_versions" USING btree ("collection");--> statement-breakpoint
CREATE INDEX "document_versions_newest" ON "document_versions" USING btree ("collection","chunks","terms","tenant_id","user_id") WHERE upper_inf("document_versions"."versions");--> statement-breakpoint
CREATE INDEX "chunks_hidden" ON "chunks" USING btree ("collection","number","tenant_id","user_id") WHERE "chunks"."hidden";--> statement-breakpoint
CREATE INDEX "chunks_hidden_id" ON "chunks" USING btree ("collection","id","tenant_id","user_id") WHERE "chunks"."hidden";--> statement-breakpoint
CREATE INDEX "chunks_document" ON "chunks" USING btree ("document_id");--> statement-breakpoint
ALTER TABLE "chunks" DROP COLUMN "ordinal";
--> statement-breakpoint
call app.isolate_person('collection_versions');
--> statement-breakpoint
call app.isolate_person('document_versions');
--> statement-breakpoint
call app.isolate_tenant('chunk_places');
--> statement-breakpoint
-- As postings: those of a person's collections are theirs.
create policy person on chunk_places as restrictive to adjutant_app
  using (collection in (select number from collections)) with check (collection in (select number from collections));
--> statement-breakpoint
grant select, insert, update, delete on collection_versions, document_versions, chunk_places to adjutant_app;
