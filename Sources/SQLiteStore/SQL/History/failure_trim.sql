-- Removes the oldest failed attempts of a task.
--
-- :task_id  integer  the number of the task
-- :most     integer  so many stay
DELETE FROM task_failures
WHERE task_id = :task_id
    AND no <= (
        SELECT no
        FROM task_failures INDEXED BY task_failures_task
        WHERE task_id = :task_id
        ORDER BY no DESC
        LIMIT 1 OFFSET :most
    )
