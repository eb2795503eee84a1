CREATE TABLE `clients` (
	`id` text PRIMARY KEY NOT NULL,
	`parentId` text,
	`name` text NOT NULL,
	`industry` text,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `journal` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`state` text NOT NULL,
	`result` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `journal_id_unique` ON `journal` (`id`);--> statement-breakpoint
CREATE INDEX `journal_by_state` ON `journal` (`state`);--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `notes` (
	`id` text PRIMARY KEY NOT NULL,
	`projectId` text,
	`title` text NOT NULL,
	`content` text NOT NULL,
	`isAiSuggested` integer DEFAULT 0 NOT NULL,
	`isApproved` integer DEFAULT 0 NOT NULL,
	`createdAt` integer NOT NULL,
	`updatedAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `notes_by_project` ON `notes` (`projectId`);--> statement-breakpoint
CREATE TABLE `projects` (
	`id` text PRIMARY KEY NOT NULL,
	`clientId` text,
	`name` text NOT NULL,
	`status` text DEFAULT 'active' NOT NULL,
	`aiSummary` text,
	`isAiSuggested` integer DEFAULT 0 NOT NULL,
	`isApproved` integer DEFAULT 0 NOT NULL,
	`createdAt` integer NOT NULL,
	`updatedAt` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `taskComments` (
	`id` text PRIMARY KEY NOT NULL,
	`taskId` text NOT NULL,
	`author` text NOT NULL,
	`content` text NOT NULL,
	`createdAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_comments_by_task` ON `taskComments` (`taskId`);--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`projectId` text,
	`title` text NOT NULL,
	`description` text,
	`status` text DEFAULT 'todo' NOT NULL,
	`priority` text DEFAULT 'medium' NOT NULL,
	`assignee` text,
	`dueDate` integer,
	`isAiSuggested` integer DEFAULT 0 NOT NULL,
	`isApproved` integer DEFAULT 0 NOT NULL,
	`createdAt` integer NOT NULL,
	`updatedAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `tasks_by_project` ON `tasks` (`projectId`);--> statement-breakpoint
CREATE INDEX `tasks_by_status` ON `tasks` (`status`);--> statement-breakpoint
CREATE INDEX `tasks_by_due_date` ON `tasks` (`dueDate`);--> statement-breakpoint
CREATE TABLE `timelines` (
	`id` text PRIMARY KEY NOT NULL,
	`projectId` text NOT NULL,
	`title` text NOT NULL,
	`date` integer NOT NULL,
	`isAiSuggested` integer DEFAULT 0 NOT NULL,
	`isApproved` integer DEFAULT 0 NOT NULL,
	`createdAt` integer NOT NULL,
	`updatedAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `timelines_by_project` ON `timelines` (`projectId`);--> statement-breakpoint
CREATE TABLE `vectors` (
	`id` text PRIMARY KEY NOT NULL,
	`projectId` text,
	`content` text NOT NULL,
	`vector` blob NOT NULL,
	`embedder` text NOT NULL,
	`updatedAt` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `vectors_by_embedder` ON `vectors` (`embedder`);