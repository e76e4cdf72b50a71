-- Keeps other runs from claiming within these limits until the transaction ends.
--
-- $1 kinds  text[]  queue or name, of each limit
-- $2 names  text[]  of the queues and tasks
SELECT
FROM ONLY task_limits
WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY kind, name
FOR NO KEY UPDATE
