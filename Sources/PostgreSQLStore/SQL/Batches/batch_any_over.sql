-- How many tasks wait for batches without an open task: more than were locked, if another transaction has locked one.
--
-- The youngest tasks of a batch are looked at first: they are claimed last, and the index entries of deleted ones come
-- before them.
--
-- $1 batches  text[]  their names
-- Returns waiting.
SELECT count(*) AS waiting
    -- same: batch_waiting
    FROM pg_catalog.unnest($1::text[]) AS asked (batch)
        JOIN ONLY task_batches AS ended ON ended.batch = asked.batch
        JOIN ONLY tasks ON tasks.after_batch = ended.batch
    WHERE tasks.after_batch IS NOT NULL AND tasks.status = 'WAITING' AND
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
    -- end
