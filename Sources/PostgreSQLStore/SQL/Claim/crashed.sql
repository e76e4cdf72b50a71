-- Locks due rows whose runs died, by how often that happened.
--
-- They are locked here, ahead of the claim, because they are few: at most one a free handler. An empty row says that
-- there are some, and all are locked by others.
--
-- Each claim asks whether a row may still be begun (in_time): what has expired may not have been found, or was locked
-- when it was.
--
-- $1 names     text[]  task names
-- $2 pattern   text    a regular expression for the queues, or NULL for all queues
-- $3 least     int4    number of crashes
-- $4 greatest  int4    number of crashes
-- $5 limit     int4    so many rows
-- $6 now       float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $7 left_out  int8[]  ids of rows that the table does not let be claimed
-- Returns id.
WITH free AS MATERIALIZED (
    SELECT id
    FROM ONLY tasks
    WHERE
        -- same: crashed_rows
        status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND (lock_key IS NULL OR lock_place = 2)
            AND crashes BETWEEN $3::integer AND $4::integer
            AND run_at <= coalesce(to_timestamp($6::double precision), statement_timestamp())
            AND task_name = ANY ($1::text[])
            AND ($2::text IS NULL OR queue ~ $2::text)
            AND
            -- same: queue_open
            NOT EXISTS (
                SELECT FROM ONLY task_queues AS q
                WHERE q.queue = tasks.queue
                    AND q.paused_until > coalesce(to_timestamp($6::double precision), statement_timestamp())
            )
            -- end
            AND
            -- same: in_time
            (expires_at IS NULL OR attempts > 0
                OR expires_at > coalesce(to_timestamp($6::double precision), statement_timestamp()))
            -- end
            AND id <> ALL ($7::bigint[])
        -- end
    ORDER BY priority, run_at, id
    LIMIT $5::integer
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT id FROM free
UNION ALL
SELECT NULL WHERE NOT EXISTS (SELECT FROM free) AND EXISTS (SELECT FROM ONLY tasks WHERE
    -- same: crashed_rows
    status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND (lock_key IS NULL OR lock_place = 2)
        AND crashes BETWEEN $3::integer AND $4::integer
        AND run_at <= coalesce(to_timestamp($6::double precision), statement_timestamp())
        AND task_name = ANY ($1::text[])
        AND ($2::text IS NULL OR queue ~ $2::text)
        AND
        -- same: queue_open
        NOT EXISTS (
            SELECT FROM ONLY task_queues AS q
            WHERE q.queue = tasks.queue
                AND q.paused_until > coalesce(to_timestamp($6::double precision), statement_timestamp())
        )
        -- end
        AND
        -- same: in_time
        (expires_at IS NULL OR attempts > 0
            OR expires_at > coalesce(to_timestamp($6::double precision), statement_timestamp()))
        -- end
        AND id <> ALL ($7::bigint[])
    -- end
)
