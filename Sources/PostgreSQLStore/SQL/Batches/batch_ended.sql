-- The batches without an open task for which a task waits, in the order of their bytes.
--
-- The youngest tasks of a batch are looked at first: they are claimed last, and the index entries of deleted ones come
-- before them.
--
-- $1 last   text  the batch before the first one, empty for the start
-- $2 limit  int4  the most batches
-- Returns batch.
SELECT ended.batch
FROM (
    SELECT DISTINCT after_batch AS batch
    FROM ONLY tasks
    WHERE after_batch IS NOT NULL AND after_batch > $1::text AND status = 'WAITING'
) AS ended
WHERE
    -- same: batch_over
    NOT EXISTS (
        SELECT FROM (
            SELECT id
            FROM ONLY tasks AS open
            WHERE open.batch IS NOT NULL AND open.batch = ended.batch AND open.status = 'WAITING'
            ORDER BY open.batch DESC, open.status DESC, open.id DESC
            LIMIT 1
        ) AS last
    ) AND NOT EXISTS (
        SELECT FROM (
            SELECT id
            FROM ONLY tasks AS open
            WHERE open.batch IS NOT NULL AND open.batch = ended.batch AND open.status = 'PROCESSING'
            ORDER BY open.batch DESC, open.status DESC, open.id DESC
            LIMIT 1
        ) AS last
    )
    -- end
ORDER BY ended.batch
LIMIT $2::integer
