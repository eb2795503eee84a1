-- What others share with the person is asked in nearly every policy. A function in SQL is planned anew for each place of
-- each statement that has it, some 0.3 ms; one in PL/pgSQL once a connection.
create or replace function app.shared(wanted text, rights text[]) returns setof uuid
  language plpgsql stable parallel safe as $$
begin
  return query select resource_id from public.shares
    where kind = wanted and "right" = any (rights) and (grantee_id = (select app.user_id()) or grantee_id is null);
end $$;
--> statement-breakpoint
create or replace function app.readable_collections() returns setof integer
  language plpgsql stable parallel safe as $$
begin
  return query
    select number from public.collections where user_id = (select app.user_id())
    union all
    select number from public.collections where id in (select app.shared('collection', '{read,write}'));
end $$;
--> statement-breakpoint
create or replace function app.writable_collections() returns setof integer
  language plpgsql stable parallel safe as $$
begin
  return query
    select number from public.collections where user_id = (select app.user_id())
    union all
    select number from public.collections where id in (select app.shared('collection', '{write}'));
end $$;
