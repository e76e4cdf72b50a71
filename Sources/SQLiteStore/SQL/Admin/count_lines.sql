-- Counts the tasks that were gathered from some lines.
--
-- :first  integer  the first line
-- :last   integer  the last line
-- Returns number, plain (of them without a dedupe_key).
SELECT count(*) AS number, count(*) - count(dedupe_key) AS plain
FROM temp.task_lines
WHERE line BETWEEN :first AND :last
