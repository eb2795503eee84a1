-- Agents can be shared as collections can: to be read and run. Only who made one changes it.
alter table shares add column agent_id uuid
  generated always as (case when kind = 'agent' then resource_id end) stored
  references custom_agents on delete cascade;
--> statement-breakpoint
create index shares_agent on shares (agent_id) where agent_id is not null;
--> statement-breakpoint
call app.isolate_shared('custom_agents', 'id in (select app.shared(''agent'', ''{read,write}''))', 'false');
--> statement-breakpoint
call app.isolate_shared('custom_agent_versions',
  'agent_id in (select app.shared(''agent'', ''{read,write}''))', 'false');
