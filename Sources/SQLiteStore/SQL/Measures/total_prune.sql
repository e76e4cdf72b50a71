-- Removes the totals of names and queues to which nothing was added for a year.
--
-- :now    text     the current moment
-- :limit  integer  the most rows
DELETE FROM task_totals
WHERE (task_name, queue) IN (
    SELECT task_name, queue
    FROM task_totals
    WHERE julianday(counted_at) < julianday(:now) - 366
    LIMIT :limit
)
