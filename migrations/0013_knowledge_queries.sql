CREATE TABLE "knowledge_queries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"body" "bytea" NOT NULL,
	"outcome" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "knowledge_queries_outcome" CHECK ("knowledge_queries"."outcome" in ('answered', 'not_answered', 'failed', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "knowledge_queries" ADD CONSTRAINT "knowledge_queries_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "knowledge_queries" ADD CONSTRAINT "knowledge_queries_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "knowledge_queries_user" ON "knowledge_queries" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "knowledge_queries_created" ON "knowledge_queries" USING btree ("created_at");--> statement-breakpoint
call app.isolate_person('knowledge_queries');
--> statement-breakpoint
grant select, insert, delete on knowledge_queries to adjutant_app;
--> statement-breakpoint
create policy due on knowledge_queries to adjutant_scheduler using (created_at < now() - interval '30 days');
--> statement-breakpoint
grant select (id, created_at), delete on knowledge_queries to adjutant_scheduler;
