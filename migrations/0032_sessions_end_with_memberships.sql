-- A token of somebody who was removed is renewed no more, nor is it good again should they come back.
create or replace function app.change_member(person uuid, new_role text) returns text
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
    delete from sessions where tenant_id = app.tenant_id() and user_id = person;
  else
    update members set role = new_role where tenant_id = app.tenant_id() and user_id = person;
  end if;
  return 'done';
end $$;
