-- Removes results whose time is over; those that another transaction has locked are left for the next time.
--
-- $1 limit  int4    the most results
-- $2 now    float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
DELETE FROM ONLY task_results
USING (
    SELECT token
    FROM ONLY task_results
    WHERE expires_at <= coalesce(to_timestamp($2::double precision), statement_timestamp())
    ORDER BY expires_at
    LIMIT $1::integer
    FOR UPDATE SKIP LOCKED
) AS old
WHERE task_results.token = old.token
