-- The waiting row that is equal to one that is to become WAITING: of the same name and dedupe_key.
--
-- :id  integer  the number of the row
-- Returns id of the equal row, is_to_be_cancelled of the row itself.
SELECT equal.id, tasks.status = 'PROCESSING' AND tasks.cancel_requested_at IS NOT NULL AS is_to_be_cancelled
FROM tasks JOIN tasks AS equal
    ON equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL AND equal.task_name = tasks.task_name
        AND equal.dedupe_key = tasks.dedupe_key
WHERE tasks.id = :id
