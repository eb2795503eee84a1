-- The signs of a vector are a sixteenth of it, and an index holds all that a search by them reads: only what is near so is
-- compared exactly. Vectors from before have none, and are compared.
alter table chunk_vectors
  add column signs bit varying,
  add constraint chunk_vectors_signs_of_vector check (signs is null or embedding is not null);
--> statement-breakpoint
drop index chunk_vectors_collection;
--> statement-breakpoint
create index chunk_vectors_signs on chunk_vectors (collection, embedder) include (signs, chunk_id, tenant_id, user_id)
  where signs is not null;
--> statement-breakpoint
create index chunk_vectors_unsigned on chunk_vectors (collection) where signs is null and embedding is not null;
--> statement-breakpoint
grant update (signs) on chunk_vectors to adjutant_scheduler;
