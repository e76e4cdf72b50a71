-- Some of the tasks whose handlers have ended although their rows could not be written, with what their settlements
-- need.
--
-- They are chosen at random, so that each is tried at some time, however many the file refuses.
--
-- :limit  integer  the most rows
-- Returns task_id, claim_no, is_done, error, is_there (the row still has the claim), lock_key, batch; texts as bytes.
SELECT stuck.task_id, stuck.claim_no, stuck.is_done, CAST(stuck.error AS BLOB) AS error,
    tasks.id IS NOT NULL AS is_there, CAST(tasks.lock_key AS BLOB) AS lock_key, CAST(tasks.batch AS BLOB) AS batch
FROM task_stuck AS stuck
    LEFT JOIN tasks
        ON tasks.id = stuck.task_id AND tasks.claim_no = stuck.claim_no AND tasks.status = 'PROCESSING'
ORDER BY random()
LIMIT :limit
