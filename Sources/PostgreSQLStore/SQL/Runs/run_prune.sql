-- Removes rows of runs that were there a week ago for the last time; those that another transaction has locked are left.
--
-- $1 limit  int4  the most rows
DELETE FROM ONLY task_runs
USING (
    SELECT id
    FROM ONLY task_runs
    WHERE seen_at < statement_timestamp() - interval '7 days'
    ORDER BY seen_at
    LIMIT $1::integer
    FOR UPDATE SKIP LOCKED
) AS old
WHERE task_runs.id = old.id
