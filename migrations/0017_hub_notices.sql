CREATE TABLE "hub_notices" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid,
	"topic" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"made_in" text DEFAULT pg_current_xact_id()::text NOT NULL,
	"told_to" uuid,
	"tries" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "hub_notices_subject" UNIQUE NULLS NOT DISTINCT("tenant_id","user_id","topic","subject_id"),
	CONSTRAINT "hub_notices_topic" CHECK ("hub_notices"."topic" in ('agents', 'collections', 'shares', 'rights'))
);
--> statement-breakpoint
ALTER TABLE "hub_keys" ADD COLUMN "tried_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "hub_notices_due" ON "hub_notices" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "hub_notices_made" ON "hub_notices" USING btree ("made_in");
--> statement-breakpoint
call app.isolate_tenant('hub_notices');
--> statement-breakpoint
-- Whoever made a change finds what it caused. Nobody but the triggers writes it.
grant select on hub_notices to adjutant_app;
--> statement-breakpoint
create policy identity on hub_notices to adjutant_identity using (true) with check (true);
--> statement-breakpoint
grant select, insert, update on hub_notices to adjutant_identity;
--> statement-breakpoint
-- Ids alone: with whom a thing is shared.
create policy identity on shares for select to adjutant_identity using (true);
--> statement-breakpoint
grant select (tenant_id, kind, resource_id, grantee_id) on shares to adjutant_identity;
--> statement-breakpoint
-- The schedule tells what is due to the hubs of all tenants. Ids and enums.
create policy due on hub_notices to adjutant_scheduler using (true) with check (true);
--> statement-breakpoint
grant select, insert, update, delete on hub_notices to adjutant_scheduler;
--> statement-breakpoint
create policy due on members for select to adjutant_scheduler using (true);
--> statement-breakpoint
grant select (tenant_id, user_id) on members to adjutant_scheduler;
--> statement-breakpoint
create policy tried on hub_keys for update to adjutant_scheduler using (true) with check (true);
--> statement-breakpoint
grant select (tried_at), update (tried_at) on hub_keys to adjutant_scheduler;
--> statement-breakpoint
-- The hub of `person`, or without one that of every member, is to be told. What it was not told yet of the same thing is
-- told no more. `wait` is how long whoever makes the change may take to tell it.
create function app.owe_notice(tenant uuid, person uuid, about text, subject uuid, told jsonb, wait interval) returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
  insert into hub_notices (tenant_id, user_id, topic, subject_id, data, due_at)
  values (tenant, person, about, subject, told, now() + wait)
  on conflict on constraint hub_notices_subject do update set
    data = excluded.data, version = hub_notices.version + 1, made_in = excluded.made_in, told_to = null, tries = 0,
    due_at = excluded.due_at, created_at = now()
$$;
--> statement-breakpoint
-- Those with whom a thing is shared are to be told of it; without a row for all of them.
create function app.owe_to_sharers(tenant uuid, shared_kind text, resource uuid, about text, told jsonb, wait interval)
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
  select app.owe_notice(tenant, grantee_id, about, resource, told, wait)
  from shares where tenant_id = tenant and kind = shared_kind and resource_id = resource
$$;
--> statement-breakpoint
create function app.change_of(is_new boolean, was_deleted boolean, is_deleted boolean) returns text
language sql immutable
as $$
  select case when is_new then 'created' when is_deleted then 'deleted' when was_deleted then 'restored' else 'updated' end
$$;
--> statement-breakpoint
create function app.tell_of_agent() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  told jsonb := jsonb_build_object('id', new.id, 'owner_id', new.user_id, 'version', new.version,
    'delegable', new.delegable and new.deleted_at is null,
    'change', app.change_of(tg_op = 'INSERT', tg_op = 'UPDATE' and old.deleted_at is not null, new.deleted_at is not null));
begin
  perform app.owe_notice(new.tenant_id, new.user_id, 'agents', new.id, told, interval '30 seconds');
  perform app.owe_to_sharers(new.tenant_id, 'agent', new.id, 'agents', told, interval '30 seconds');
  return null;
end $$;
--> statement-breakpoint
create trigger tell after insert or update of version, deleted_at on custom_agents
  for each row execute function app.tell_of_agent();
--> statement-breakpoint
-- Its owner is told of other content by whoever changes that, at once; a reader of many documents changes it often.
create function app.tell_of_collection() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  is_content boolean := tg_op = 'UPDATE' and new.content_version <> old.content_version;
  told jsonb := jsonb_build_object('id', new.id, 'owner_id', new.user_id, 'version', new.version,
    'change', case when is_content then 'content' else
      app.change_of(tg_op = 'INSERT', tg_op = 'UPDATE' and old.deleted_at is not null, new.deleted_at is not null) end);
begin
  if not is_content then
    perform app.owe_notice(new.tenant_id, new.user_id, 'collections', new.id, told, interval '30 seconds');
  end if;
  perform app.owe_to_sharers(new.tenant_id, 'collection', new.id, 'collections', told,
    case when is_content then interval '0' else interval '30 seconds' end);
  return null;
end $$;
--> statement-breakpoint
create trigger tell_new after insert on collections for each row execute function app.tell_of_collection();
--> statement-breakpoint
create trigger tell_changed after update on collections for each row
  when ((old.version, old.content_version, old.deleted_at) is distinct from (new.version, new.content_version, new.deleted_at))
  execute function app.tell_of_collection();
--> statement-breakpoint
-- A share ends with a membership or with its resource too, by the database itself.
create function app.tell_of_share() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  share shares := case when tg_op = 'DELETE' then old else new end;
  told jsonb := jsonb_build_object('id', share.id, 'kind', share.kind, 'resource_id', share.resource_id,
    'owner_id', share.user_id, 'user_id', share.grantee_id, 'right', share."right",
    'change', case tg_op when 'INSERT' then 'granted' when 'UPDATE' then 'changed' else 'ended' end);
begin
  perform app.owe_notice(share.tenant_id, share.user_id, 'shares', share.id, told, interval '30 seconds')
    where share.grantee_id is not null;
  perform app.owe_notice(share.tenant_id, share.grantee_id, 'shares', share.id, told, interval '30 seconds');
  return null;
end $$;
--> statement-breakpoint
create trigger tell after insert or delete on shares for each row execute function app.tell_of_share();
--> statement-breakpoint
create trigger tell_changed after update on shares for each row
  when (old."right" is distinct from new."right") execute function app.tell_of_share();
--> statement-breakpoint
-- What a person may do is told to their hub at the next tick: nobody is there who would tell it.
create function app.tell_of_member() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform app.owe_notice(old.tenant_id, old.user_id, 'rights', old.user_id, '{}', interval '0');
  return null;
end $$;
--> statement-breakpoint
create trigger tell after delete on members for each row execute function app.tell_of_member();
--> statement-breakpoint
create trigger tell_changed after update on members for each row
  when (old.role is distinct from new.role) execute function app.tell_of_member();
--> statement-breakpoint
create function app.tell_of_user() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform app.owe_notice(tenant_id, user_id, 'rights', user_id, '{}', interval '0') from members where user_id = new.id;
  return null;
end $$;
--> statement-breakpoint
create trigger tell after update on users for each row
  when ((old.disabled_at is null) <> (new.disabled_at is null)) execute function app.tell_of_user();
--> statement-breakpoint
create function app.tell_of_tenant() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform app.owe_notice(new.id, null, 'rights', new.id, '{}', interval '0');
  return null;
end $$;
--> statement-breakpoint
create trigger tell after update on tenants for each row
  when (old.tier <> new.tier or (old.disabled_at is null) <> (new.disabled_at is null))
  execute function app.tell_of_tenant();
--> statement-breakpoint
revoke execute on function app.owe_notice, app.owe_to_sharers, app.change_of, app.tell_of_agent, app.tell_of_collection,
  app.tell_of_share, app.tell_of_member, app.tell_of_user, app.tell_of_tenant from public;
--> statement-breakpoint
grant execute on function app.owe_notice, app.owe_to_sharers, app.change_of to adjutant_identity;
--> statement-breakpoint
-- The triggers write what their caller may not, as the identity role. A new owner needs the right to create in the schema.
grant create on schema app to adjutant_identity;
--> statement-breakpoint
do $$
declare
  teller text;
begin
  foreach teller in array array['agent', 'collection', 'share', 'member', 'user', 'tenant'] loop
    execute format('alter function app.tell_of_%s owner to adjutant_identity', teller);
  end loop;
end $$;
--> statement-breakpoint
revoke create on schema app from adjutant_identity;
