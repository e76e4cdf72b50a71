-- Removes failed attempts that are kept no longer, and those that are too many, the oldest first. Rows that another
-- transaction removes are left to it.
--
-- $1 most   int8    so many may stay
-- $2 keep   float8  how long they stay, in seconds
-- $3 limit  int8    the most rows
DELETE FROM ONLY task_failures
USING (
    SELECT no
    FROM ONLY task_failures
    WHERE no < greatest(
        coalesce(
            (
                SELECT no
                FROM ONLY task_failures
                WHERE failed_at > statement_timestamp() - make_interval(secs => $2::double precision)
                ORDER BY no
                LIMIT 1
            ),
            9223372036854775807
        ),
        coalesce((SELECT max(no) FROM ONLY task_failures), 0) - $1::bigint + 1
    )
    ORDER BY no
    LIMIT $3::bigint
    FOR UPDATE SKIP LOCKED
) AS old
WHERE task_failures.no = ANY (ARRAY[old.no])
