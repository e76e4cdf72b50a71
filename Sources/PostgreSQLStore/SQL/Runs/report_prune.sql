-- Removes reports of unknown names that are a day old; those that another transaction has locked are left.
--
-- $1 limit  int4  the most reports
DELETE FROM ONLY task_reports
USING (
    SELECT task_name
    FROM ONLY task_reports
    WHERE reported_at < statement_timestamp() - interval '1 day'
    LIMIT $1::integer
    FOR UPDATE SKIP LOCKED
) AS old
WHERE task_reports.task_name = old.task_name
