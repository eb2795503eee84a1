-- Vectors may be compared by an index outside. A row stays for each of them; it keeps the vector itself until that index is
-- known to show it, and for good where there is no such index.
alter table chunk_vectors
  alter column embedding drop not null,
  add column shard text,
  add column mutation text,
  add column sent_at timestamptz,
  add column accepted_at timestamptz;
--> statement-breakpoint
-- Half precision, in the row itself: out of line, a vector costs a look-up of its own for each row that is compared.
do $$
begin
  if to_regtype('halfvec') is not null then
    alter table chunk_vectors
      alter column embedding type halfvec using embedding::halfvec,
      alter column embedding set storage main;
  end if;
end $$;
--> statement-breakpoint
drop index chunk_vectors_collection;
--> statement-breakpoint
create index chunk_vectors_collection on chunk_vectors (collection) where embedding is not null;
--> statement-breakpoint
create index chunk_vectors_pending on chunk_vectors (shard, accepted_at) where mutation is not null;
--> statement-breakpoint
-- Ids whose vectors an index outside is to remove. They outlive chunk, person and tenant.
create table vector_removals (
  chunk_id uuid primary key,
  tenant_id uuid not null default app.tenant_id(),
  user_id uuid not null,
  shard text not null,
  requested_at timestamptz not null default now(),
  mutation text,
  sent_at timestamptz,
  accepted_at timestamptz
);
--> statement-breakpoint
create index vector_removals_user on vector_removals (tenant_id, user_id, requested_at) where accepted_at is null;
--> statement-breakpoint
create index vector_removals_requested on vector_removals (requested_at);
--> statement-breakpoint
call app.isolate_person('vector_removals');
--> statement-breakpoint
grant select, insert, update, delete on vector_removals to adjutant_app;
--> statement-breakpoint
create function app.request_vector_removal() returns trigger
language plpgsql
as $$
begin
  insert into public.vector_removals (chunk_id, tenant_id, user_id, shard)
  values (old.chunk_id, old.tenant_id, old.user_id, old.shard)
  on conflict (chunk_id) do update
    set shard = excluded.shard, requested_at = now(), mutation = null, sent_at = null, accepted_at = null;
  return null;
end $$;
--> statement-breakpoint
revoke execute on function app.request_vector_removal from public;
--> statement-breakpoint
-- Whatever deletes a chunk: a document, a version, an account.
create trigger request_removal after delete on chunk_vectors
  for each row when (old.shard is not null) execute function app.request_vector_removal();
--> statement-breakpoint
-- The schedule settles what an index outside shows by now, and passes on removals that nobody did: by ids alone.
create policy outside on chunk_vectors to adjutant_scheduler using (shard is not null);
--> statement-breakpoint
grant select (chunk_id, shard, mutation, sent_at, accepted_at), update (embedding, mutation, sent_at, accepted_at)
  on chunk_vectors to adjutant_scheduler;
--> statement-breakpoint
create policy requested on vector_removals to adjutant_scheduler
  using (accepted_at is not null or requested_at < now() - interval '1 minute');
--> statement-breakpoint
grant select (chunk_id, shard, requested_at, mutation, sent_at, accepted_at), update (mutation, sent_at, accepted_at), delete
  on vector_removals to adjutant_scheduler;
