-- Removes the totals of names and queues to which nothing was added for a year; locked ones are left.
--
-- $1 limit  int4  the most rows
DELETE FROM ONLY task_totals
WHERE ctid = ANY (ARRAY(
    SELECT ctid
    FROM ONLY task_totals
    WHERE counted_at < statement_timestamp() - interval '366 days'
    LIMIT $1::integer
    FOR UPDATE SKIP LOCKED
))
