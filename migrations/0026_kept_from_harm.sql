-- What keeps a tenant's data is made once. Only the identity role, as which master keys rotate, wraps it anew.
revoke update on tenant_keys from adjutant_app;
--> statement-breakpoint
-- A count that has gone wrong must keep nobody from changing a document, nor from searching the rest. An upsert may well
-- propose less than nothing, so that a check constraint would refuse what is right.
create function app.count_from_zero() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'UPDATE' then
    new.chunks := 0;
    return new;
  end if;
  update public.token_counts set chunks = 0 where collection = new.collection and token = new.token;
  return null;
end $$;
--> statement-breakpoint
revoke execute on function app.count_from_zero from public;
--> statement-breakpoint
create trigger from_zero before update on token_counts for each row when (new.chunks < 0)
  execute function app.count_from_zero();
--> statement-breakpoint
create trigger new_from_zero after insert on token_counts for each row when (new.chunks < 0)
  execute function app.count_from_zero();
--> statement-breakpoint
-- What is shared with all members is one thing for all of them, however often its owner shares it anew.
create or replace function app.tell_of_share() returns trigger
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
  perform app.owe_notice(share.tenant_id, share.grantee_id, 'shares',
    case when share.grantee_id is null then share.resource_id else share.id end, told, interval '30 seconds');
  return null;
end $$;
--> statement-breakpoint
-- Who is told of something when it is due is told then, however often it changes until then.
create or replace function app.owe_notice(tenant uuid, person uuid, about text, subject uuid, told jsonb, wait interval)
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
  insert into hub_notices (tenant_id, user_id, topic, subject_id, data, due_at)
  values (tenant, person, about, subject, told, now() + wait)
  on conflict on constraint hub_notices_subject do update set
    data = excluded.data, version = hub_notices.version + 1, made_in = excluded.made_in, told_to = null, tries = 0,
    due_at = least(hub_notices.due_at, excluded.due_at), created_at = now()
$$;
