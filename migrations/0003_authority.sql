-- What the application role may ask of accounts and sessions, which it cannot read itself. These functions and views
-- belong to the identity role, and answer for the person and the tenant that the transaction has named.

-- Everything a permission depends on, in one row. Null where there is nothing.
create function app.principal(tenant uuid, person uuid, session uuid)
returns table (
  member_role text, tenant_tier text, is_disabled boolean, session_expires_at timestamptz, wrapped_data_key bytea
)
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select m.role, t.tier,
    t.disabled_at is not null or u.disabled_at is not null,
    s.expires_at, k.wrapped
  from tenants t
    left join users u on u.id = person
    left join members m on m.tenant_id = t.id and m.user_id = u.id
    left join data_keys k on k.user_id = u.id
    left join sessions s
      on s.id = session and s.user_id = u.id and s.tenant_id = t.id and s.expires_at > now()
  where t.id = tenant
$$;
--> statement-breakpoint
-- The first statement of every transaction of the application: it names tenant and person for row-level security, and
-- raises unless they may do what follows. SQLSTATE: ZA001 not allowed, ZA002 disabled, ZA003 the session has ended,
-- ZA004 the database role could bypass row-level security.
create function app.authorize(
  tenant uuid, person uuid, session uuid, as_system boolean, allowed_roles text[], read_only boolean, timeout_ms integer
)
returns table (role text, tier text, wrapped_data_key text, session_expires_ms bigint)
language plpgsql
as $$
declare
  principal record;
begin
  if (select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user) then
    raise exception 'role % is not bound by row-level security', current_user using errcode = 'ZA004';
  end if;
  perform
    set_config('app.tenant_id', tenant::text, true),
    set_config('app.user_id', coalesce(person::text, ''), true),
    set_config('statement_timeout', timeout_ms::text, true);
  if read_only then
    perform set_config('transaction_read_only', 'on', true);
  end if;
  select * into principal from app.principal(tenant, person, session);
  if not found then
    raise exception 'no such tenant' using errcode = 'ZA001';
  elsif principal.is_disabled then
    raise exception 'disabled' using errcode = 'ZA002';
  -- Work for a person ends with their membership, whoever does it.
  elsif person is not null and principal.member_role is null then
    raise exception 'not a member' using errcode = 'ZA001';
  elsif session is not null and principal.session_expires_at is null then
    raise exception 'the session has ended' using errcode = 'ZA003';
  elsif as_system and not 'system' = any (allowed_roles) then
    raise exception 'not for the system' using errcode = 'ZA001';
  elsif not as_system and (person is null or not principal.member_role = any (allowed_roles)) then
    raise exception 'not with this role' using errcode = 'ZA001';
  end if;
  return query select
    principal.member_role, principal.tenant_tier, encode(principal.wrapped_data_key, 'base64'),
    (extract(epoch from principal.session_expires_at) * 1000)::bigint;
end $$;
--> statement-breakpoint
-- The person's account, as far as they and the application may see it.
create view own_account with (security_barrier) as
  select id, email, email_verified, created_at from users where id = (select app.user_id());
--> statement-breakpoint
-- The person's sessions in the tenant. Deleting one ends it, with its refresh tokens.
create view own_sessions with (security_barrier) as
  select id, ip_address, user_agent, created_at, last_used_at, expires_at
  from sessions
  where user_id = (select app.user_id()) and tenant_id = (select app.tenant_id());
--> statement-breakpoint
-- Trades a refresh token for its successor. Rows of one session are locked in one order, so that two clients with the
-- same token wait for each other. A token that was used before is forgiven within `grace` to the client that used it;
-- otherwise its session ends.
create function app.rotate_refresh_token(
  presented bytea, successor bytea, client bytea, at_time timestamptz, grace interval, lifetime interval,
  audit_id uuid, request text
)
returns table (outcome text, session_id uuid, user_id uuid, tenant_id uuid, session_expires_at timestamptz)
language plpgsql
as $$
#variable_conflict use_column
declare
  owner record;
  used record;
begin
  select s.id, s.user_id, s.tenant_id, s.expires_at,
    u.disabled_at is not null or t.disabled_at is not null as is_disabled
  into owner
  from refresh_tokens r
    join sessions s on s.id = r.session_id
    join users u on u.id = s.user_id
    join tenants t on t.id = s.tenant_id
  where r.hash = presented
  for update of s;
  if not found or owner.expires_at <= at_time then
    return query select 'unknown', null::uuid, null::uuid, null::uuid, null::timestamptz;
    return;
  end if;
  if owner.is_disabled then
    return query select 'disabled', owner.id, owner.user_id, owner.tenant_id, owner.expires_at;
    return;
  end if;
  -- Read after the lock, so that a rival's use of the same token is seen.
  select used_at, used_by into used from refresh_tokens where hash = presented;
  if used.used_at is not null and (used.used_at <= at_time - grace or used.used_by is distinct from client) then
    delete from sessions where id = owner.id;
    insert into audit_logs (id, tenant_id, at, actor_kind, actor_id, user_id, event, subject_id, request_id)
    values (audit_id, owner.tenant_id, at_time, 'system', 'refresh', owner.user_id, 'session.reuse_detected',
      owner.id::text, request);
    return query select 'reused', owner.id, owner.user_id, owner.tenant_id, owner.expires_at;
    return;
  end if;
  update refresh_tokens set used_at = at_time, used_by = client where hash = presented and used_at is null;
  insert into refresh_tokens (hash, session_id, created_at) values (successor, owner.id, at_time);
  update sessions set last_used_at = at_time, expires_at = greatest(expires_at, at_time + lifetime) where id = owner.id;
  return query select 'rotated', owner.id, owner.user_id, owner.tenant_id,
    greatest(owner.expires_at, at_time + lifetime);
end $$;
--> statement-breakpoint
-- A new owner needs the right to create in the schema, and whoever migrates must be able to act as that owner.
do $$
begin
  execute format('grant adjutant_identity to %I', current_user);
end $$;
--> statement-breakpoint
grant create on schema app, public to adjutant_identity;
--> statement-breakpoint
alter function app.principal owner to adjutant_identity;
--> statement-breakpoint
alter view own_account owner to adjutant_identity;
--> statement-breakpoint
alter view own_sessions owner to adjutant_identity;
--> statement-breakpoint
revoke create on schema app, public from adjutant_identity;
--> statement-breakpoint
revoke execute on function app.principal, app.authorize, app.rotate_refresh_token from public;
--> statement-breakpoint
grant execute on function app.principal, app.authorize to adjutant_app;
--> statement-breakpoint
grant execute on function app.rotate_refresh_token to adjutant_identity;
--> statement-breakpoint
grant select on own_account to adjutant_app;
--> statement-breakpoint
grant select, delete on own_sessions to adjutant_app;
