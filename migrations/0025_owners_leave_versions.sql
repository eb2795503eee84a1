-- When a restoration took the place of a version is all that is ever changed of it, and restoring is the owner's alone.
drop policy writer_changes on collection_versions;
--> statement-breakpoint
create policy owner_changes on collection_versions as restrictive for update to adjutant_app
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
--> statement-breakpoint
grant update (left_at) on collection_versions to adjutant_app;
