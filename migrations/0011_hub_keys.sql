CREATE TABLE "hub_keys" (
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"master_key_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "hub_keys_tenant_id_user_id_pk" PRIMARY KEY("tenant_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "hub_keys" ADD CONSTRAINT "hub_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "hub_keys" ADD CONSTRAINT "hub_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "hub_keys_master" ON "hub_keys" USING btree ("master_key_id");--> statement-breakpoint
call app.isolate_person('hub_keys');
--> statement-breakpoint
grant select, insert, update on hub_keys to adjutant_app;
--> statement-breakpoint
-- The rotation of master keys asks which are needed.
create policy identity on hub_keys for select to adjutant_identity using (true);
--> statement-breakpoint
grant select on hub_keys to adjutant_identity;
--> statement-breakpoint
-- Ids and names of keys: the schedule asks each hub whose copy needs another key than the current one, which it alone knows.
create policy due on hub_keys for select to adjutant_scheduler using (true);
--> statement-breakpoint
grant select (tenant_id, user_id, master_key_id) on hub_keys to adjutant_scheduler;
--> statement-breakpoint
-- Hubs from before this table: whoever ever signed in may have one, and nobody noted what wraps its copy.
insert into hub_keys (tenant_id, user_id, master_key_id)
select m.tenant_id, m.user_id, 'unrecorded' from members m
where exists (select from sessions s where s.user_id = m.user_id);
