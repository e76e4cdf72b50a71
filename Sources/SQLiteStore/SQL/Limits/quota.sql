-- How many more tasks a limit allows to begin. It reads all PROCESSING rows, which are few.
--
-- If the noted minute begins more than a minute from now, the clock was put back, and a new minute begins. If it begins
-- sooner, the clock was corrected by a little, and the minute goes on.
--
-- :now   text  the current moment
-- :kind  text  'queue' or 'name'
-- :name  text  the queue or task name
-- Returns running_left, minute_left; NULL: any number.
SELECT
    max_running - (
        SELECT count(*)
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
            -- A row whose lease ends later than any run's does not count: see cut.sql.
            AND julianday(lease_expires_at) <= julianday(:now, '+86460 seconds')
            AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
    ) AS running_left,
    max_per_minute - CASE
        WHEN
        -- same: is_this_minute
        coalesce(
            julianday(minute_began, '-60 seconds') <= julianday(:now)
                AND julianday(minute_began, '+60 seconds') > julianday(:now),
            0
        )
        -- end
        THEN begun ELSE 0
    END AS minute_left
FROM task_limits
WHERE kind = :kind AND name = :name
