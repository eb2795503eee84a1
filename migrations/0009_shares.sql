CREATE TABLE "shares" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"resource_id" uuid NOT NULL,
	"grantee_id" uuid,
	"right" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "shares_grant" UNIQUE NULLS NOT DISTINCT("tenant_id","kind","resource_id","grantee_id"),
	CONSTRAINT "shares_kind" CHECK ("shares"."kind" in ('collection', 'agent')),
	CONSTRAINT "shares_right" CHECK ("shares"."right" in ('read', 'write'))
);
--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_grantee_member" FOREIGN KEY ("tenant_id","grantee_id") REFERENCES "public"."members"("tenant_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_owner_member" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."members"("tenant_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "shares_grantee" ON "shares" USING btree ("tenant_id","grantee_id");
--> statement-breakpoint
-- A share ends with what it is of: a column for each kind, since a key can only point to one table.
alter table shares add column collection_id uuid
  generated always as (case when kind = 'collection' then resource_id end) stored
  references collections on delete cascade;
--> statement-breakpoint
create index shares_collection on shares (collection_id) where collection_id is not null;
--> statement-breakpoint
call app.isolate_tenant('shares');
--> statement-breakpoint
create policy concerned on shares as restrictive for select to adjutant_app
  using (user_id = (select app.user_id()) or grantee_id = (select app.user_id()) or grantee_id is null);
--> statement-breakpoint
create policy owner_gives on shares as restrictive for insert to adjutant_app with check (user_id = (select app.user_id()));
--> statement-breakpoint
create policy owner_changes on shares as restrictive for update to adjutant_app
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
--> statement-breakpoint
create policy concerned_end on shares as restrictive for delete to adjutant_app
  using (user_id = (select app.user_id()) or grantee_id = (select app.user_id()));
--> statement-breakpoint
grant select, insert, update, delete on shares to adjutant_app;
--> statement-breakpoint
-- What others share with the person. In a policy it is asked as `in (select app.shared(…))`: once for a query, not for a row.
create function app.shared(wanted text, rights text[]) returns setof uuid
language sql stable parallel safe
as $$
  select resource_id from public.shares
  where kind = wanted and "right" = any (rights) and (grantee_id = (select app.user_id()) or grantee_id is null)
$$;
--> statement-breakpoint
-- Numbers of the collections that the person may read, for tables that name them so. Their own come by the index.
create function app.readable_collections() returns setof integer
language sql stable parallel safe
as $$
  select number from public.collections where user_id = (select app.user_id())
  union all
  select number from public.collections where id in (select app.shared('collection', '{read,write}'))
$$;
--> statement-breakpoint
create function app.writable_collections() returns setof integer
language sql stable parallel safe
as $$
  select number from public.collections where user_id = (select app.user_id())
  union all
  select number from public.collections where id in (select app.shared('collection', '{write}'))
$$;
--> statement-breakpoint
revoke execute on function app.shared, app.readable_collections, app.writable_collections from public;
--> statement-breakpoint
grant execute on function app.shared, app.readable_collections, app.writable_collections to adjutant_app;
--> statement-breakpoint
-- In the place of app.isolate_person, for tables whose rows can be shared: one's own rows first, so that who shares nothing
-- pays nothing. Only the owner deletes.
create procedure app.isolate_shared(shared_table regclass, readable text, writable text)
language plpgsql
as $$
begin
  execute format('drop policy if exists person on %s', shared_table);
  execute format(
    'create policy reader on %s as restrictive for select to adjutant_app using (user_id = (select app.user_id()) or %s)',
    shared_table, readable);
  execute format(
    'create policy writer_adds on %s as restrictive for insert to adjutant_app
       with check (user_id = (select app.user_id()) or %s)',
    shared_table, writable);
  execute format(
    'create policy writer_changes on %s as restrictive for update to adjutant_app
       using (user_id = (select app.user_id()) or %2$s) with check (user_id = (select app.user_id()) or %2$s)',
    shared_table, writable);
  execute format(
    'create policy owner_deletes on %s as restrictive for delete to adjutant_app using (user_id = (select app.user_id()))',
    shared_table);
end $$;
--> statement-breakpoint
revoke execute on procedure app.isolate_shared from public;
--> statement-breakpoint
call app.isolate_shared('collections',
  'id in (select app.shared(''collection'', ''{read,write}''))', 'id in (select app.shared(''collection'', ''{write}''))');
--> statement-breakpoint
call app.isolate_shared('documents',
  'collection_id in (select app.shared(''collection'', ''{read,write}''))',
  'collection_id in (select app.shared(''collection'', ''{write}''))');
--> statement-breakpoint
call app.isolate_shared('collection_versions',
  'collection_id in (select app.shared(''collection'', ''{read,write}''))',
  'collection_id in (select app.shared(''collection'', ''{write}''))');
--> statement-breakpoint
call app.isolate_shared('document_versions',
  'collection in (select app.readable_collections())', 'collection in (select app.writable_collections())');
--> statement-breakpoint
call app.isolate_shared('chunks',
  'collection in (select app.readable_collections())', 'collection in (select app.writable_collections())');
--> statement-breakpoint
-- Made and removed for the owner alone, by whoever reads the document or with it.
call app.isolate_shared('chunk_vectors', 'collection in (select app.readable_collections())', 'false');
--> statement-breakpoint
drop policy person on postings;
--> statement-breakpoint
create policy reader on postings as restrictive for select to adjutant_app
  using (collection in (select app.readable_collections()));
--> statement-breakpoint
create policy owner on postings as restrictive for insert to adjutant_app
  with check (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
create policy owner_deletes on postings as restrictive for delete to adjutant_app
  using (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
drop policy person on chunk_places;
--> statement-breakpoint
create policy reader on chunk_places as restrictive for select to adjutant_app
  using (collection in (select app.readable_collections()));
--> statement-breakpoint
create policy owner on chunk_places as restrictive for insert to adjutant_app
  with check (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
create policy owner_deletes on chunk_places as restrictive for delete to adjutant_app
  using (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
-- Neither is ever changed.
revoke update on postings, chunk_places from adjutant_app;
