-- Vectors are kept by pgvector. A server without it keeps their text form, which is the same on the wire: everything but
-- the search by likeness works there.
do $$
begin
  if exists (select from pg_available_extensions where name = 'vector') then
    create extension if not exists vector;
  end if;
end $$;
--> statement-breakpoint
CREATE TABLE "memories" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"tier" text NOT NULL,
	"body" "bytea" NOT NULL,
	"embedder" text,
	"strength" real NOT NULL,
	"confidence" real NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"dismissed_at" timestamp (3) with time zone,
	"source" text NOT NULL,
	"request_id" text,
	"key_hash" "bytea",
	"content_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "memories_tier" CHECK ("memories"."tier" in ('core', 'associative', 'episodic', 'proactive')),
	CONSTRAINT "memories_source" CHECK ("memories"."source" in ('user', 'turn', 'consolidation')),
	CONSTRAINT "memories_key" CHECK (("memories"."tier" = 'core') = ("memories"."key_hash" is not null))
);
--> statement-breakpoint
do $$
begin
  execute format('alter table memories add column embedding %s', coalesce(to_regtype('vector')::text, 'text'));
end $$;
--> statement-breakpoint
CREATE TABLE "memory_owners" (
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"consolidated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memory_owners_user_id_tenant_id_pk" PRIMARY KEY("user_id","tenant_id")
);
--> statement-breakpoint
ALTER TABLE "memories" ADD CONSTRAINT "memories_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memories" ADD CONSTRAINT "memories_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memory_owners" ADD CONSTRAINT "memory_owners_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memory_owners" ADD CONSTRAINT "memory_owners_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "memories_user" ON "memories" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "memories_core_key" ON "memories" USING btree ("user_id","tenant_id","key_hash") WHERE "memories"."tier" = 'core' and "memories"."valid_to" is null;--> statement-breakpoint
CREATE INDEX "memory_owners_consolidated" ON "memory_owners" USING btree ("consolidated_at");--> statement-breakpoint
call app.isolate_person('memories');
--> statement-breakpoint
call app.isolate_person('memory_owners');
--> statement-breakpoint
grant select, insert, update, delete on memories, memory_owners to adjutant_app;
--> statement-breakpoint
-- Whose memory has not been consolidated for a day; of the memory itself the scheduler sees nothing.
create policy due on memory_owners for select to adjutant_scheduler using (consolidated_at < now() - interval '1 day');
--> statement-breakpoint
grant select on memory_owners to adjutant_scheduler;
