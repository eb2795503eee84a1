CREATE TABLE "chat_terms" (
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"chat_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"token" bigint NOT NULL,
	"frequency" integer NOT NULL,
	"length" integer NOT NULL,
	CONSTRAINT "chat_terms_token_document_id_pk" PRIMARY KEY("token","document_id")
);
--> statement-breakpoint
CREATE TABLE "tool_executions" (
	"id" text NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"request_id" text NOT NULL,
	"chat_id" uuid,
	"device_id" text,
	"action" text NOT NULL,
	"table_name" text,
	"status" text NOT NULL,
	"payload" "bytea" NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	CONSTRAINT "tool_executions_user_id_tenant_id_id_pk" PRIMARY KEY("user_id","tenant_id","id"),
	CONSTRAINT "tool_executions_status" CHECK ("tool_executions"."status" in ('ok', 'error', 'offline', 'unknown'))
);
--> statement-breakpoint
DROP INDEX "chats_user_updated";--> statement-breakpoint
ALTER TABLE "chat_terms" ADD CONSTRAINT "chat_terms_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "public"."chats"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_executions" ADD CONSTRAINT "tool_executions_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_executions" ADD CONSTRAINT "tool_executions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chat_terms_document" ON "chat_terms" USING btree ("chat_id","document_id");--> statement-breakpoint
CREATE INDEX "tool_executions_user_started" ON "tool_executions" USING btree ("user_id","tenant_id","started_at","id");--> statement-breakpoint
CREATE INDEX "tool_executions_request" ON "tool_executions" USING btree ("user_id","request_id");--> statement-breakpoint
CREATE INDEX "tool_executions_chat" ON "tool_executions" USING btree ("chat_id") WHERE "tool_executions"."chat_id" is not null;--> statement-breakpoint
CREATE INDEX "tool_executions_started" ON "tool_executions" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "chats_user_updated" ON "chats" USING btree ("tenant_id","user_id","updated_at","id");--> statement-breakpoint
call app.isolate_person('chat_terms');
--> statement-breakpoint
grant select, insert, update, delete on chat_terms to adjutant_app;
--> statement-breakpoint
call app.isolate_person('tool_executions');
--> statement-breakpoint
grant select, insert on tool_executions to adjutant_app;
--> statement-breakpoint
create policy due on tool_executions to adjutant_scheduler using (started_at < now() - interval '30 days');
--> statement-breakpoint
grant select (id, started_at), delete on tool_executions to adjutant_scheduler;
