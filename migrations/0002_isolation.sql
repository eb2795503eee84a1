-- Who sees which rows. Accounts and sessions belong to the identity role; a tenant's data to the application role, one
-- tenant at a time; the scheduler sees nothing but what is due to be erased.
call app.isolate_tenant('members');
--> statement-breakpoint
call app.isolate_tenant('audit_logs');
--> statement-breakpoint
call app.isolate_person('chats');
--> statement-breakpoint
call app.isolate_person('messages');
--> statement-breakpoint
call app.isolate_person('idempotency_keys');
--> statement-breakpoint
alter table tenants enable row level security, force row level security;
--> statement-breakpoint
create policy tenant on tenants for select to adjutant_app using (id = (select app.tenant_id()));
--> statement-breakpoint
do $$
declare
  identity_table text;
begin
  foreach identity_table in array array['users', 'accounts', 'sessions', 'refresh_tokens', 'data_keys'] loop
    execute format('alter table %I enable row level security', identity_table);
    execute format('alter table %I force row level security', identity_table);
  end loop;
  foreach identity_table in array
    array['users', 'accounts', 'sessions', 'refresh_tokens', 'data_keys', 'tenants', 'members'] loop
    execute format('create policy identity on %I to adjutant_identity using (true) with check (true)', identity_table);
    execute format('grant select, insert, update, delete on %I to adjutant_identity', identity_table);
  end loop;
end $$;
--> statement-breakpoint
create policy identity on audit_logs for insert to adjutant_identity with check (true);
--> statement-breakpoint
grant insert on audit_logs to adjutant_identity;
--> statement-breakpoint
grant select on tenants, members to adjutant_app;
--> statement-breakpoint
grant select, insert on audit_logs to adjutant_app;
--> statement-breakpoint
grant select, insert, update, delete on chats, messages, idempotency_keys to adjutant_app;
--> statement-breakpoint
create policy due on sessions to adjutant_scheduler using (expires_at < now());
--> statement-breakpoint
grant select (id, expires_at), delete on sessions to adjutant_scheduler;
--> statement-breakpoint
create policy due on chats to adjutant_scheduler using (deleted_at < now() - interval '30 days');
--> statement-breakpoint
grant select (id, deleted_at), delete on chats to adjutant_scheduler;
--> statement-breakpoint
create policy due on messages to adjutant_scheduler using (deleted_at < now() - interval '30 days');
--> statement-breakpoint
grant select (id, deleted_at), delete on messages to adjutant_scheduler;
--> statement-breakpoint
create policy due on idempotency_keys to adjutant_scheduler using (created_at < now() - interval '24 hours');
--> statement-breakpoint
grant select (id, created_at), delete on idempotency_keys to adjutant_scheduler;
