ALTER TABLE "messages" ADD COLUMN "web_searches" integer;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "code_runs" integer;