-- Makes a task due that waited for its batch.
--
-- :data  text     its payload, with the numbers of the batch
-- :now   text     the current moment
-- :id    integer  the number of the row
UPDATE tasks
SET after_batch = NULL, data = :data,
    run_at = CASE WHEN julianday(run_at) > julianday(:now) THEN run_at ELSE :now END
WHERE id = :id
