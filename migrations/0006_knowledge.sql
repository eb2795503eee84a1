CREATE TABLE "chunk_vectors" (
	"chunk_id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"collection" integer NOT NULL,
	"embedder" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chunks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"number" bigint GENERATED ALWAYS AS IDENTITY (sequence name "chunks_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"ordinal" integer NOT NULL,
	"body" "bytea" NOT NULL,
	"content_hash" "bytea" NOT NULL,
	CONSTRAINT "chunks_number_unique" UNIQUE("number")
);
--> statement-breakpoint
CREATE TABLE "collections" (
	"id" uuid PRIMARY KEY NOT NULL,
	"number" integer GENERATED ALWAYS AS IDENTITY (sequence name "collections_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"body" "bytea" NOT NULL,
	"chunk_tokens" integer NOT NULL,
	"overlap_tokens" integer NOT NULL,
	"embedder" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "collections_number_unique" UNIQUE("number")
);
--> statement-breakpoint
CREATE TABLE "documents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"collection_id" uuid NOT NULL,
	"body" "bytea" NOT NULL,
	"type" text NOT NULL,
	"size" integer NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"progress" real DEFAULT 0 NOT NULL,
	"problem" "bytea",
	"chunks" integer DEFAULT 0 NOT NULL,
	"terms" integer DEFAULT 0 NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"due_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "documents_status" CHECK ("documents"."status" in ('queued', 'parsing', 'embedding', 'ready', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "postings" (
	"collection" integer NOT NULL,
	"token" bigint NOT NULL,
	"chunk" bigint NOT NULL,
	"frequency" integer NOT NULL,
	"length" integer NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	CONSTRAINT "postings_collection_token_chunk_pk" PRIMARY KEY("collection","token","chunk") INCLUDE ("frequency","length","tenant_id")
);
--> statement-breakpoint
CREATE TABLE "tenant_keys" (
	"tenant_id" uuid PRIMARY KEY DEFAULT app.tenant_id() NOT NULL,
	"wrapped" "bytea" NOT NULL,
	"master_key_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "chunk_vectors" ADD CONSTRAINT "chunk_vectors_chunk_id_chunks_id_fk" FOREIGN KEY ("chunk_id") REFERENCES "public"."chunks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chunks" ADD CONSTRAINT "chunks_document_id_documents_id_fk" FOREIGN KEY ("document_id") REFERENCES "public"."documents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collections" ADD CONSTRAINT "collections_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collections" ADD CONSTRAINT "collections_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_collection_id_collections_id_fk" FOREIGN KEY ("collection_id") REFERENCES "public"."collections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "postings" ADD CONSTRAINT "postings_chunk_chunks_number_fk" FOREIGN KEY ("chunk") REFERENCES "public"."chunks"("number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenant_keys" ADD CONSTRAINT "tenant_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chunk_vectors_collection" ON "chunk_vectors" USING btree ("collection");--> statement-breakpoint
CREATE INDEX "chunks_document" ON "chunks" USING btree ("document_id","ordinal");--> statement-breakpoint
CREATE INDEX "collections_user" ON "collections" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "collections_deleted" ON "collections" USING btree ("deleted_at") WHERE "collections"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "documents_user" ON "documents" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "documents_collection" ON "documents" USING btree ("collection_id","id");--> statement-breakpoint
CREATE INDEX "documents_due" ON "documents" USING btree ("due_at") WHERE "documents"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "postings_chunk" ON "postings" USING btree ("chunk");--> statement-breakpoint
CREATE INDEX "tenant_keys_master" ON "tenant_keys" USING btree ("master_key_id");--> statement-breakpoint
-- Without pgvector its text form is kept: everything but the search by likeness works there.
do $$
begin
  execute format('alter table chunk_vectors add column embedding %s not null', coalesce(to_regtype('vector')::text, 'text'));
end $$;
--> statement-breakpoint
call app.isolate_tenant('tenant_keys');
--> statement-breakpoint
grant select, insert, update on tenant_keys to adjutant_app;
--> statement-breakpoint
-- As it may data keys: the rotation of master keys wraps them anew.
create policy identity on tenant_keys to adjutant_identity using (true) with check (true);
--> statement-breakpoint
grant select, update on tenant_keys to adjutant_identity;
--> statement-breakpoint
call app.isolate_person('collections');
--> statement-breakpoint
call app.isolate_person('documents');
--> statement-breakpoint
call app.isolate_person('chunks');
--> statement-breakpoint
call app.isolate_person('chunk_vectors');
--> statement-breakpoint
call app.isolate_tenant('postings');
--> statement-breakpoint
-- A person's postings are those of their collections: by far the largest table does without their id in each row.
create policy person on postings as restrictive to adjutant_app
  using (collection in (select number from collections)) with check (collection in (select number from collections));
--> statement-breakpoint
grant select, insert, update, delete on collections, documents, chunks, chunk_vectors, postings to adjutant_app;
--> statement-breakpoint
-- Documents that were accepted and not finished, or are to be erased; a day after them, their collection.
create policy due on documents for select to adjutant_scheduler using (due_at < now());
--> statement-breakpoint
grant select (id, tenant_id, user_id, version, due_at) on documents to adjutant_scheduler;
--> statement-breakpoint
create policy due on collections to adjutant_scheduler using (deleted_at < now() - interval '31 days');
--> statement-breakpoint
grant select (id, deleted_at), delete on collections to adjutant_scheduler;
