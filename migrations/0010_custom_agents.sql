CREATE TABLE "custom_agent_versions" (
	"agent_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"body" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "custom_agent_versions_agent_id_version_pk" PRIMARY KEY("agent_id","version")
);
--> statement-breakpoint
CREATE TABLE "custom_agents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"delegable" boolean NOT NULL,
	"members" uuid[] DEFAULT '{}' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "custom_agents_kind" CHECK ("custom_agents"."kind" in ('chat', 'rag', 'extractor', 'router'))
);
--> statement-breakpoint
ALTER TABLE "custom_agent_versions" ADD CONSTRAINT "custom_agent_versions_agent_id_custom_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."custom_agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "custom_agents" ADD CONSTRAINT "custom_agents_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "custom_agents" ADD CONSTRAINT "custom_agents_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "custom_agents_user" ON "custom_agents" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "custom_agents_deleted" ON "custom_agents" USING btree ("deleted_at") WHERE "custom_agents"."deleted_at" is not null;--> statement-breakpoint
call app.isolate_person('custom_agents');
--> statement-breakpoint
call app.isolate_person('custom_agent_versions');
--> statement-breakpoint
grant select, insert, update, delete on custom_agents to adjutant_app;
--> statement-breakpoint
-- What an agent was is never rewritten.
grant select, insert, delete on custom_agent_versions to adjutant_app;
--> statement-breakpoint
create policy due on custom_agents to adjutant_scheduler using (deleted_at < now() - interval '30 days');
--> statement-breakpoint
grant select (id, deleted_at), delete on custom_agents to adjutant_scheduler;
