-- How many more tasks a limit lets begin. What is in any run's hand is little, and all of it is read.
--
-- A minute that began more than a minute from now is of a clock that was put back; one that begins sooner is this one,
-- by a clock that was corrected by a little.
--
-- :now   text  the moment to go by
-- :kind  text  'queue' or 'name'
-- :name  text  the queue or task name
-- Returns running_left, minute_left; NULL: any number.
SELECT
    max_running - (
        SELECT count(*)
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
            -- Not what claims to be held for longer than any run's lease: see cut.
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
