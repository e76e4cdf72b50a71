-- Lines of the history of a task, of a token or of a batch, the newest first; a condition that is NULL holds for all.
--
-- $1 id      int8    the number of the task
-- $2 token   text    the token
-- $3 batch   text    the batch
-- $4 before  int8    the number of the line before which they stand
-- $5 name    text    the task name
-- $6 queue   text    the queue
-- $7 status  text    how the tasks ended
-- $8 since   float8  the earliest end, in seconds since 1970
-- $9 limit   int8    the most lines
-- Returns no, task_id, task_name, queue, status, attempts, waited_us, ran_us, host, exit_code, signal,
-- peak_memory, token, batch, ended_at.
SELECT
    -- same: history_columns
    no, task_id, task_name, queue, status, attempts, (waited * 1000000.0::double precision)::bigint AS waited_us,
    (ran * 1000000.0::double precision)::bigint AS ran_us, host, exit_code, signal, peak_memory, token, batch, ended_at
    -- end
FROM ONLY task_history
WHERE no = ANY (ARRAY(
        SELECT no FROM ONLY task_history WHERE task_id = $1::bigint
        UNION ALL
        SELECT no FROM ONLY task_history WHERE token = $2::text AND token IS NOT NULL
        UNION ALL
        SELECT no FROM ONLY task_history WHERE batch = $3::text AND batch IS NOT NULL
    ))
    AND ($1::bigint IS NULL OR task_id = $1::bigint)
    AND ($2::text IS NULL OR token = $2)
    AND ($3::text IS NULL OR batch = $3)
    AND ($4::bigint IS NULL OR no < $4::bigint)
    AND ($5::text IS NULL OR task_name = $5)
    AND ($6::text IS NULL OR queue = $6)
    AND ($7::text IS NULL OR status = $7)
    AND ($8::double precision IS NULL OR ended_at >= to_timestamp($8::double precision))
ORDER BY no DESC
LIMIT $9::bigint
