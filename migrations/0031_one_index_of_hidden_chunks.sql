DROP INDEX "chunks_hidden";
