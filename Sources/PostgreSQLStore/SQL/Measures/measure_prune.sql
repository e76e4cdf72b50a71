-- Removes measures that are a week old; those that another transaction has locked are left.
--
-- $1 limit  int4  the most rows
DELETE FROM ONLY task_measures
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM ONLY task_measures
    WHERE minute < statement_timestamp() - interval '7 days'
    ORDER BY minute
    LIMIT $1::integer
    FOR UPDATE SKIP LOCKED
))
