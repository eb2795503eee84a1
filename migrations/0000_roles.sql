-- The roles of the Worker. None can bypass row-level security, none owns a table. They are made here without a
-- password, since roles made in a provider's console bypass row-level security; the operator gives each its password:
--   alter role adjutant_app password '…';
do $$
declare
  worker_role text;
begin
  foreach worker_role in array array['adjutant_app', 'adjutant_identity', 'adjutant_scheduler'] loop
    if not exists (select from pg_roles where rolname = worker_role) then
      execute format('create role %I login', worker_role);
    elsif exists (select from pg_roles where rolname = worker_role and (rolsuper or rolbypassrls)) then
      raise exception 'role % could bypass row-level security: drop it, and this migration makes it anew', worker_role;
    end if;
    execute format('grant usage on schema public to %I', worker_role);
  end loop;
end $$;
--> statement-breakpoint
create schema app;
--> statement-breakpoint
comment on schema app is 'What row-level security is made of. Tables are in public.';
--> statement-breakpoint
grant usage on schema app to adjutant_app, adjutant_identity, adjutant_scheduler;
--> statement-breakpoint
-- A setting that was local to an earlier transaction of the same connection reads as '' afterwards.
create function app.tenant_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
--> statement-breakpoint
create function app.user_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;
--> statement-breakpoint
-- For every table with a tenant_id, in the migration that makes it: nobody sees another tenant's rows, not even the owner.
create procedure app.isolate_tenant(tenant_table regclass)
language plpgsql
as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to adjutant_app
       using (tenant_id = (select app.tenant_id())) with check (tenant_id = (select app.tenant_id()))',
    tenant_table);
end $$;
--> statement-breakpoint
-- For tables whose rows are one person's own, even among the members of one tenant.
create procedure app.isolate_person(personal_table regclass)
language plpgsql
as $$
begin
  call app.isolate_tenant(personal_table);
  execute format(
    'create policy person on %s as restrictive to adjutant_app
       using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()))',
    personal_table);
end $$;
--> statement-breakpoint
revoke execute on procedure app.isolate_tenant, app.isolate_person from public;
