-- A row a posting took 190 bytes; postings of one token now share rows, and a word's rarity is known without reading them.
-- Every tenant's are moved: a role that row-level security binds would see none and lose them, so it is to fail instead.
set local row_security = off;
--> statement-breakpoint
ALTER TABLE "postings" RENAME TO "single_postings";--> statement-breakpoint
ALTER TABLE "chunks" ADD COLUMN "tokens" bigint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE TABLE "postings" (
	"collection" integer NOT NULL,
	"token" bigint NOT NULL,
	"block" integer NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	"entries" bigint[] NOT NULL,
	CONSTRAINT "postings_collection_token_block_pk" PRIMARY KEY("collection","token","block")
);
--> statement-breakpoint
CREATE TABLE "token_counts" (
	"collection" integer NOT NULL,
	"token" bigint NOT NULL,
	"chunks" integer NOT NULL,
	"tenant_id" uuid DEFAULT app.tenant_id() NOT NULL,
	CONSTRAINT "token_counts_collection_token_pk" PRIMARY KEY("collection","token")
);
--> statement-breakpoint
-- A block that grows stays in its page, and is read without being unpacked.
alter table postings set (fillfactor = 75);
--> statement-breakpoint
alter table postings alter entries set storage main;
--> statement-breakpoint
insert into postings (collection, token, block, tenant_id, entries)
select collection, token, place / 64, tenant_id,
  array_agg((chunk << 28) | (least(frequency, 4095)::bigint << 16) | least(length, 65535) order by chunk)
from (
  select *, row_number() over (partition by collection, token order by chunk) - 1 as place from single_postings
) as placed
where collection in (select number from collections)
group by collection, token, place / 64, tenant_id;
--> statement-breakpoint
update chunks set tokens = own.tokens
from (select chunk, array_agg(token) as tokens from single_postings group by chunk) as own
where own.chunk = chunks.number;
--> statement-breakpoint
insert into token_counts (collection, token, chunks, tenant_id)
select collection, token, count(*), tenant_id
from chunks cross join unnest(tokens) as token
where not hidden and collection in (select number from collections)
group by collection, token, tenant_id;
--> statement-breakpoint
DROP TABLE "single_postings";--> statement-breakpoint
ALTER TABLE "postings" ADD CONSTRAINT "postings_collection_collections_number_fk" FOREIGN KEY ("collection") REFERENCES "public"."collections"("number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "token_counts" ADD CONSTRAINT "token_counts_collection_collections_number_fk" FOREIGN KEY ("collection") REFERENCES "public"."collections"("number") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
call app.isolate_tenant('postings');
--> statement-breakpoint
call app.isolate_tenant('token_counts');
--> statement-breakpoint
create policy reader on postings as restrictive for select to adjutant_app
  using (collection in (select app.readable_collections()));
--> statement-breakpoint
create policy owner on postings as restrictive for insert to adjutant_app
  with check (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
create policy owner_changes on postings as restrictive for update to adjutant_app
  using (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
create policy owner_deletes on postings as restrictive for delete to adjutant_app
  using (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
create policy reader on token_counts as restrictive for select to adjutant_app
  using (collection in (select app.readable_collections()));
--> statement-breakpoint
-- Who writes into a collection of somebody else deletes documents there.
create policy writer_adds on token_counts as restrictive for insert to adjutant_app
  with check (collection in (select app.writable_collections()));
--> statement-breakpoint
create policy writer_changes on token_counts as restrictive for update to adjutant_app
  using (collection in (select app.writable_collections()));
--> statement-breakpoint
create policy owner_deletes on token_counts as restrictive for delete to adjutant_app
  using (collection in (select number from collections where user_id = (select app.user_id())));
--> statement-breakpoint
grant select, insert, update, delete on postings, token_counts to adjutant_app;
