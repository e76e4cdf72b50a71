-- Removes lines that are kept no longer, the oldest first: those of their name's age, and those that are too many.
--
-- It reads from the oldest line to the first one that no name lets go.
--
-- :young  text     no line that ended after this moment goes for its age
-- :most   integer  so many lines may stay
-- :since  JSON     for names with a time of their own: until when lines ended that go, by name
-- :rest   text     the same for other names
-- :limit  integer  the most lines
DELETE FROM task_history
WHERE no IN (
    SELECT no
    FROM task_history
    WHERE no < max(
            coalesce((SELECT no FROM task_history WHERE ended_at > :young ORDER BY no LIMIT 1), 9223372036854775807),
            (SELECT max(no) FROM task_history) - :most + 1
        )
        AND (
            no <= (SELECT max(no) FROM task_history) - :most
            OR ended_at <= coalesce((SELECT value FROM json_each(:since) WHERE key = task_name), :rest)
        )
    ORDER BY no
    LIMIT :limit
)
