-- Counts what has begun of a limit a minute.
--
-- A minute that began more than a minute from now is of a clock that was put back; one that begins sooner is this one,
-- by a clock that was corrected by a little.
--
-- :now     text     the moment to go by
-- :number  integer  so many have begun
-- :kind    text     'queue' or 'name'
-- :name    text     the queue or task name
UPDATE task_limits
SET begun = CASE
        WHEN
        -- same: is_this_minute
        coalesce(
            julianday(minute_began, '-60 seconds') <= julianday(:now)
                AND julianday(minute_began, '+60 seconds') > julianday(:now),
            0
        )
        -- end
        THEN begun ELSE 0
    END + :number,
    minute_began = CASE
        WHEN
        -- same: is_this_minute
        coalesce(
            julianday(minute_began, '-60 seconds') <= julianday(:now)
                AND julianday(minute_began, '+60 seconds') > julianday(:now),
            0
        )
        -- end
        THEN minute_began ELSE :now
    END
WHERE kind = :kind AND name = :name AND max_per_minute IS NOT NULL
