-- Waiting rows that are older than an equal FAILED one that is retried. Of equal FAILED ones the newest counts.
--
-- :ids  JSON  the numbers of the rows
-- Returns id.
SELECT equal.id
FROM (
        -- same: newest_failed
        SELECT max(id) AS id, task_name, dedupe_key
        FROM tasks
        WHERE status = 'FAILED' AND dedupe_key IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
        GROUP BY task_name, dedupe_key
        -- end
    ) AS newest
    JOIN tasks AS equal
        ON equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL AND equal.task_name = newest.task_name
            AND equal.dedupe_key = newest.dedupe_key
WHERE equal.id < newest.id
