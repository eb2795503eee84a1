-- A part belongs to whom the whole belongs to, and is where the whole is: keys that name owner and tenant see to it, for every
-- role and whatever a statement says. Row-level security then has to ask of the whole alone.
ALTER TABLE "chat_terms" DROP CONSTRAINT "chat_terms_chat_id_chats_id_fk";
--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_chat_id_chats_id_fk";
--> statement-breakpoint
ALTER TABLE "custom_agent_versions" DROP CONSTRAINT "custom_agent_versions_agent_id_custom_agents_id_fk";
--> statement-breakpoint
ALTER TABLE "chunk_places" DROP CONSTRAINT "chunk_places_chunk_chunks_number_fk";
--> statement-breakpoint
ALTER TABLE "chunk_places" DROP CONSTRAINT "chunk_places_upload";
--> statement-breakpoint
ALTER TABLE "chunks" DROP CONSTRAINT "chunks_document_id_documents_id_fk";
--> statement-breakpoint
ALTER TABLE "collection_versions" DROP CONSTRAINT "collection_versions_collection_id_collections_id_fk";
--> statement-breakpoint
ALTER TABLE "document_versions" DROP CONSTRAINT "document_versions_document_id_documents_id_fk";
--> statement-breakpoint
ALTER TABLE "documents" DROP CONSTRAINT "documents_collection_id_collections_id_fk";
--> statement-breakpoint
DROP INDEX "chunks_document";
--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "collection" integer;
--> statement-breakpoint
update documents set collection = collections.number from collections where collections.id = collection_id;
--> statement-breakpoint
ALTER TABLE "documents" ALTER COLUMN "collection" SET NOT NULL;
--> statement-breakpoint
ALTER TABLE "chats" ADD CONSTRAINT "chats_whose" UNIQUE("id","user_id","tenant_id");
--> statement-breakpoint
ALTER TABLE "custom_agents" ADD CONSTRAINT "custom_agents_whose" UNIQUE("id","user_id","tenant_id");
--> statement-breakpoint
ALTER TABLE "collections" ADD CONSTRAINT "collections_whose" UNIQUE("id","user_id","tenant_id");
--> statement-breakpoint
ALTER TABLE "collections" ADD CONSTRAINT "collections_number_whose" UNIQUE("id","number","user_id","tenant_id");
--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_whose" UNIQUE("id","collection","user_id","tenant_id");
--> statement-breakpoint
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_whose" UNIQUE("document_id","number","collection","tenant_id");
--> statement-breakpoint
ALTER TABLE "chunks" ADD CONSTRAINT "chunks_document" UNIQUE("document_id","number") INCLUDE ("id","collection","tenant_id","user_id");
--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_chat" FOREIGN KEY ("chat_id","user_id","tenant_id") REFERENCES "public"."chats"("id","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "chat_terms" ADD CONSTRAINT "chat_terms_chat" FOREIGN KEY ("chat_id","user_id","tenant_id") REFERENCES "public"."chats"("id","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "custom_agent_versions" ADD CONSTRAINT "custom_agent_versions_agent" FOREIGN KEY ("agent_id","user_id","tenant_id") REFERENCES "public"."custom_agents"("id","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "collection_versions" ADD CONSTRAINT "collection_versions_collection" FOREIGN KEY ("collection_id","user_id","tenant_id") REFERENCES "public"."collections"("id","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_of_collection" FOREIGN KEY ("collection_id","collection","user_id","tenant_id") REFERENCES "public"."collections"("id","number","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_document" FOREIGN KEY ("document_id","collection","user_id","tenant_id") REFERENCES "public"."documents"("id","collection","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "chunks" ADD CONSTRAINT "chunks_document_whose" FOREIGN KEY ("document_id","collection","user_id","tenant_id") REFERENCES "public"."documents"("id","collection","user_id","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "chunk_places" ADD CONSTRAINT "chunk_places_upload" FOREIGN KEY ("document_id","upload","collection","tenant_id") REFERENCES "public"."document_versions"("document_id","number","collection","tenant_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "chunk_places" ADD CONSTRAINT "chunk_places_chunk_of_document" FOREIGN KEY ("document_id","chunk") REFERENCES "public"."chunks"("document_id","number") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
-- What is shared is whose share it is: the policies need not look.
alter table shares
  drop constraint shares_collection_id_fkey,
  drop constraint shares_agent_id_fkey,
  add constraint shares_collection_whose foreign key (collection_id, user_id, tenant_id)
    references collections (id, user_id, tenant_id) on delete cascade,
  add constraint shares_agent_whose foreign key (agent_id, user_id, tenant_id)
    references custom_agents (id, user_id, tenant_id) on delete cascade;
--> statement-breakpoint
drop policy owner_gives on shares;
--> statement-breakpoint
drop policy owner_changes on shares;
--> statement-breakpoint
create policy owner_gives on shares as restrictive for insert to adjutant_app with check (user_id = (select app.user_id()));
--> statement-breakpoint
create policy owner_changes on shares as restrictive for update to adjutant_app
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
--> statement-breakpoint
create function app.refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception '%', tg_argv[0] using errcode = '42501';
end $$;
--> statement-breakpoint
-- What names a row, whose it is and what it belongs to never changes, whoever asks. To be called when the table has its keys.
create procedure app.fix_place(tenant_table regclass)
language plpgsql
as $$
declare
  fixed text;
begin
  select string_agg(quote_ident(a.attname), ', ') into fixed
  from pg_attribute a
  where a.attrelid = tenant_table and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and (
    a.attname in ('tenant_id', 'user_id') or exists (
      select from pg_constraint k
      where k.conrelid = tenant_table and k.contype in ('p', 'f') and a.attnum = any (k.conkey)));
  execute format(
    'create trigger place_stays before update of %s on %s for each row execute function app.refuse_change(%L)',
    fixed, tenant_table, 'a row stays whose it is and where it is');
end $$;
--> statement-breakpoint
revoke execute on function app.refuse_change from public;
--> statement-breakpoint
revoke execute on procedure app.fix_place from public;
--> statement-breakpoint
do $$
declare
  tenant_table regclass;
begin
  for tenant_table in
    select c.oid from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and exists (
        select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant')
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) loop
    call app.fix_place(tenant_table);
  end loop;
end $$;
--> statement-breakpoint
create or replace procedure app.isolate_tenant(tenant_table regclass)
language plpgsql
as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to adjutant_app
       using (tenant_id = (select app.tenant_id())) with check (tenant_id = (select app.tenant_id()))',
    tenant_table);
  call app.fix_place(tenant_table);
end $$;
--> statement-breakpoint
-- Who may write into a collection counts its versions on. What it is called and how it is read is its owner's.
create trigger settings_are_the_owners
  before update of number, body, chunk_tokens, overlap_tokens, embedder, versions_kept, version, created_at, updated_at, deleted_at
  on collections for each row when (old.user_id <> app.user_id())
  execute function app.refuse_change('only who made the collection changes it');
--> statement-breakpoint
drop policy writer_adds on collections;
--> statement-breakpoint
create policy owner_adds on collections as restrictive for insert to adjutant_app with check (user_id = (select app.user_id()));
--> statement-breakpoint
-- Whoever sends a document, it is read as its owner.
drop policy writer_adds on chunks;
--> statement-breakpoint
create policy owner_adds on chunks as restrictive for insert to adjutant_app with check (user_id = (select app.user_id()));
--> statement-breakpoint
revoke update on collection_versions from adjutant_app;
--> statement-breakpoint
-- A new document whose bytes do not come, and which nobody has begun to read, is taken back by who sent it.
drop policy owner_deletes on documents;
--> statement-breakpoint
create policy owner_deletes_or_sender_takes_back on documents as restrictive for delete to adjutant_app
  using (user_id = (select app.user_id()) or (status = 'queued' and upload = 1 and attempts = 0
    and collection_id in (select app.shared('collection', '{write}'))));
--> statement-breakpoint
-- The place of a vector is its chunk's. No key says so: each row would pay for the index that it needs.
create policy of_chunk on chunk_vectors as restrictive for insert to adjutant_app
  with check (exists (select from chunks c
    where c.id = chunk_id and c.user_id = chunk_vectors.user_id and c.collection = chunk_vectors.collection));
--> statement-breakpoint
create policy stays_of_chunk on chunk_vectors as restrictive for update to adjutant_app
  with check (exists (select from chunks c
    where c.id = chunk_id and c.user_id = chunk_vectors.user_id and c.collection = chunk_vectors.collection));
--> statement-breakpoint
-- An index outside is told to remove what has gone from here, by the trigger that sees it go, and nothing else.
create policy when_gone on vector_removals as restrictive for insert to adjutant_app with check (pg_trigger_depth() > 0);
--> statement-breakpoint
-- What somebody did is written by who did it, and read by them and by those who manage the tenant.
create policy own_entry on audit_logs as restrictive for insert to adjutant_app
  with check (user_id is not distinct from (select app.user_id()));
--> statement-breakpoint
create policy own_or_managed on audit_logs as restrictive for select to adjutant_app
  using (user_id = (select app.user_id()) or exists (
    select from members m where m.user_id = (select app.user_id()) and m.role in ('owner', 'admin')));
--> statement-breakpoint
-- Whoever makes a change finds what it caused; otherwise a person is told what is for them.
create policy own_or_made_here on hub_notices as restrictive for select to adjutant_app
  using (user_id is null or user_id = (select app.user_id()) or made_in = (select pg_current_xact_id_if_assigned()::text));
