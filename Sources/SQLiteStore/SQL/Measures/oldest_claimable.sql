-- Since when the oldest task of each queue is due that a run could claim now.
--
-- Left out are tasks without a handler, of paused queues, at a limit, behind another task of their lock key, and those
-- that wait for a batch. It reads all waiting rows of the names, by index alone.
--
-- :names  JSON  the task names that a host has a handler for
-- :now    text  the current moment
-- Returns queue (bytes), run_at (Julian day).
WITH claimable AS (
    SELECT task_name, queue, min(julianday(run_at)) AS run_at
    FROM tasks_plain
    WHERE task_name IN (SELECT value FROM json_each(:names)) AND julianday(run_at) <= julianday(:now)
    GROUP BY task_name, queue
    UNION ALL
    SELECT task_name, queue, julianday(run_at) AS run_at
    FROM tasks_keyed AS tasks
    WHERE task_name IN (SELECT value FROM json_each(:names)) AND julianday(run_at) <= julianday(:now)
        AND (
            lock_place = 2
            OR
            -- same: key_is_free
            NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2)
            -- end
            AND id = (
                SELECT first.id
                FROM tasks AS first
                WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = tasks.lock_key
                    AND julianday(first.run_at) <= julianday(:now)
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
            )
        )
    UNION ALL
    SELECT task_name, queue, julianday(run_at) AS run_at
    FROM tasks_after_crash
    WHERE task_name IN (SELECT value FROM json_each(:names)) AND julianday(run_at) <= julianday(:now)
), reached AS (
    SELECT kind, name
    FROM task_limits
    WHERE max_running <= (
            SELECT count(*)
            FROM tasks INDEXED BY tasks_lease
            WHERE status = 'PROCESSING'
                -- A row whose lease ends later than any run's does not count: see cut.sql.
                AND julianday(lease_expires_at) <= julianday(:now, '+86460 seconds')
                AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
        )
        OR max_per_minute <= CASE
            WHEN
            -- same: is_this_minute
            coalesce(
                julianday(minute_began, '-60 seconds') <= julianday(:now)
                    AND julianday(minute_began, '+60 seconds') > julianday(:now),
                0
            )
            -- end
            THEN begun ELSE 0
        END
)
SELECT CAST(queue AS BLOB) AS queue, min(run_at) AS run_at
FROM claimable
WHERE queue NOT IN (
        SELECT paused.queue FROM task_queues AS paused WHERE julianday(paused.paused_until) > julianday(:now)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM reached
        WHERE reached.name = CASE reached.kind WHEN 'queue' THEN claimable.queue ELSE claimable.task_name END
    )
GROUP BY claimable.queue
ORDER BY claimable.queue
