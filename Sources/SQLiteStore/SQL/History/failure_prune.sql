-- Removes failed attempts that are kept no longer, and those that are too many, the oldest first.
--
-- :young  text     those that failed after this moment stay
-- :most   integer  so many may stay
-- :limit  integer  the most rows
DELETE FROM task_failures
WHERE no IN (
    SELECT no
    FROM task_failures
    WHERE no < max(
        coalesce((SELECT no FROM task_failures WHERE failed_at > :young ORDER BY no LIMIT 1), 9223372036854775807),
        (SELECT max(no) FROM task_failures) - :most + 1
    )
    ORDER BY no
    LIMIT :limit
)
