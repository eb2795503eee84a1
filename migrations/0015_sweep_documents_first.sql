-- A deleted collection stays until its documents have gone with their bytes: without a row nothing comes back for those.
grant select (collection_id) on documents to adjutant_scheduler;
