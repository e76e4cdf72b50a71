-- Counts the tasks that have begun, for a limit per minute.
--
-- If the noted minute begins more than a minute from now, the clock was put back, and a new minute begins. If it begins
-- sooner, the clock was corrected by a little, and the minute goes on.
--
-- :number  integer  how many have begun
-- :now     text     the current moment
-- :kind    text     'queue' or 'name'
-- :name    text     the queue or task name
UPDATE task_limits
SET (begun, minute_began) = (
    SELECT iif(is_now, begun, 0) + :number, iif(is_now, minute_began, :now)
    FROM (
        SELECT
            -- same: is_this_minute
            coalesce(
                julianday(minute_began, '-60 seconds') <= julianday(:now)
                    AND julianday(minute_began, '+60 seconds') > julianday(:now),
                0
            )
            -- end
            AS is_now
    )
)
WHERE kind = :kind AND name = :name AND max_per_minute IS NOT NULL
