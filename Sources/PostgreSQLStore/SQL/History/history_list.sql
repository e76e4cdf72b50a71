-- Lines of the history, the newest first; a condition that is NULL holds for all.
--
-- $1 before  int8    the number of the line before which they stand
-- $2 name    text    the task name
-- $3 queue   text    the queue
-- $4 status  text    how the tasks ended
-- $5 since   float8  the earliest end, in seconds since 1970
-- $6 limit   int8    the most lines
-- Returns no, task_id, task_name, queue, status, attempts, waited_us, ran_us, host, exit_code, signal,
-- peak_memory, token, batch, ended_at.
SELECT
    -- same: history_columns
    no, task_id, task_name, queue, status, attempts, (waited * 1000000.0::double precision)::bigint AS waited_us,
    (ran * 1000000.0::double precision)::bigint AS ran_us, host, exit_code, signal, peak_memory, token, batch, ended_at
    -- end
FROM ONLY task_history
WHERE ($1::bigint IS NULL OR no < $1::bigint)
    AND ($2::text IS NULL OR task_name = $2)
    AND ($3::text IS NULL OR queue = $3)
    AND ($4::text IS NULL OR status = $4)
    AND ($5::double precision IS NULL OR ended_at >= to_timestamp($5::double precision))
ORDER BY no DESC
LIMIT $6::bigint
