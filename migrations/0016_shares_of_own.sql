-- A share gives access, so the database itself sees to it that only what is one's own is given.
drop policy owner_gives on shares;
--> statement-breakpoint
drop policy owner_changes on shares;
--> statement-breakpoint
create policy owner_gives on shares as restrictive for insert to adjutant_app with check (
  user_id = (select app.user_id()) and (
    kind = 'collection' and resource_id in (select id from collections where user_id = (select app.user_id()))
    or kind = 'agent' and resource_id in (select id from custom_agents where user_id = (select app.user_id()))));
--> statement-breakpoint
create policy owner_changes on shares as restrictive for update to adjutant_app
  using (user_id = (select app.user_id())) with check (
    user_id = (select app.user_id()) and (
      kind = 'collection' and resource_id in (select id from collections where user_id = (select app.user_id()))
      or kind = 'agent' and resource_id in (select id from custom_agents where user_id = (select app.user_id()))));
