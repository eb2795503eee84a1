-- Who belongs to a tenant, with their addresses, for those who manage it; oneself for everybody.
create view tenant_members with (security_barrier) as
  select m.user_id, m.role, m.created_at, u.email
  from members m join users u on u.id = m.user_id
  where m.tenant_id = (select app.tenant_id()) and (m.user_id = (select app.user_id()) or exists (
    select from members me
    where me.tenant_id = (select app.tenant_id()) and me.user_id = (select app.user_id()) and me.role in ('owner', 'admin')));
--> statement-breakpoint
-- Gives a member another role, or ends the membership where there is none. Only owners decide on owners, and the last one
-- stays. Says what came of it; asked as the application, which may not write members itself.
create function app.change_member(person uuid, new_role text) returns text
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  old_role text;
  own_role text;
begin
  -- One change of a tenant's members at a time, so that none misses what another does to the owners.
  perform from tenants where id = app.tenant_id() for no key update;
  select role into own_role from members where tenant_id = app.tenant_id() and user_id = app.user_id();
  select role into old_role from members where tenant_id = app.tenant_id() and user_id = person;
  if own_role is null or own_role not in ('owner', 'admin') then
    return 'not_allowed';
  elsif old_role is null then
    return 'not_found';
  elsif own_role <> 'owner' and 'owner' in (old_role, coalesce(new_role, '')) then
    return 'not_allowed';
  elsif old_role = new_role then
    return 'same';
  elsif new_role is null and person = app.user_id() then
    return 'self';
  elsif old_role = 'owner' and not exists (
    select from members where tenant_id = app.tenant_id() and role = 'owner' and user_id <> person) then
    return 'last_owner';
  elsif new_role is null then
    delete from members where tenant_id = app.tenant_id() and user_id = person;
  else
    update members set role = new_role where tenant_id = app.tenant_id() and user_id = person;
  end if;
  return 'done';
end $$;
--> statement-breakpoint
grant create on schema app, public to adjutant_identity;
--> statement-breakpoint
alter view tenant_members owner to adjutant_identity;
--> statement-breakpoint
alter function app.change_member owner to adjutant_identity;
--> statement-breakpoint
revoke create on schema app, public from adjutant_identity;
--> statement-breakpoint
revoke execute on function app.change_member from public;
--> statement-breakpoint
grant select on tenant_members to adjutant_app;
--> statement-breakpoint
grant execute on function app.change_member to adjutant_app;
