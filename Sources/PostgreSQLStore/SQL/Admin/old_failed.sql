-- FAILED rows that are kept no longer, found by stepping from name to name.
--
-- A row that does not say when it failed counts as failed when the tables got the version that notes it.
--
-- $1 names  text[]    names whose rows are kept for times of their own
-- $2 keeps  float8[]  these times in seconds
-- $3 keep   float8    how long rows of other names are kept, in seconds
-- $4 now    float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $5 limit  int8      the most rows
-- Returns id, task_name, queue, status.
WITH RECURSIVE name AS (
        (
            SELECT task_name FROM ONLY tasks WHERE status = 'FAILED' ORDER BY task_name LIMIT 1
        )
        UNION ALL
        SELECT next.task_name
        FROM name CROSS JOIN LATERAL (
            SELECT task_name
            FROM ONLY tasks
            WHERE tasks.task_name > name.task_name AND status = 'FAILED'
            ORDER BY task_name
            LIMIT 1
        ) AS next
), kept AS (
    SELECT name.task_name,
        coalesce(to_timestamp($4::double precision), statement_timestamp())
            - make_interval(secs => CASE WHEN own.name IS NULL THEN $3::double precision ELSE own.keep END) AS since
    FROM name LEFT JOIN unnest($1::text[], $2::double precision[]) AS own (name, keep) ON own.name = name.task_name
)
SELECT old.id, old.task_name, old.queue, old.status
FROM kept CROSS JOIN LATERAL (
    (
        SELECT id, task_name, queue, status
        FROM ONLY tasks
        WHERE status = 'FAILED' AND task_name = kept.task_name AND failed_at < kept.since
        ORDER BY failed_at, id
        LIMIT $5::bigint
    )
    UNION ALL
    (
        SELECT id, task_name, queue, status
        FROM ONLY tasks
        WHERE status = 'FAILED' AND task_name = kept.task_name AND failed_at IS NULL
            AND (SELECT applied_at FROM ONLY task_migrations WHERE version = 11) < kept.since
        LIMIT $5::bigint
    )
) AS old
LIMIT $5::bigint
