-- Forgets the counts of a batch.
--
-- :batch  text  the batch
DELETE FROM task_batches WHERE batch = :batch
