-- Locks due rows whose runs died, by how often that happened.
--
-- They are locked here, before the claim, as they are few: at most one for each free handler. An empty row says that
-- there are some, and that other transactions have locked all of them.
--
-- Each claim checks whether a row may still start (in_time): an expired row may not have been found, or was locked
-- then.
--
-- $1 names     text[]  task names
-- $2 pattern   text    a regular expression for the queues, or NULL for all queues
-- $3 least     int4    number of crashes
-- $4 greatest  int4    number of crashes
-- $5 limit     int4    the most rows
-- $6 now       float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $7 left_out  int8[]  ids of rows that the table refuses to let be claimed
-- Returns id.
WITH free AS MATERIALIZED (
    SELECT id
    FROM ONLY tasks
    WHERE
        -- same: crashed_rows
        task_is_after_crash(tasks) AND (lock_key IS NULL OR lock_place = 2)
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
    task_is_after_crash(tasks) AND (lock_key IS NULL OR lock_place = 2)
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
