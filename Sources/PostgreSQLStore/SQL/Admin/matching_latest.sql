-- Rows by a filter, greatest id first.
--
-- Planned for these values: a NULL costs nothing.
--
-- $1 status    text    WAITING, PROCESSING, FAILED, or NULL for all
-- $2 name      text    a task name, or NULL for all
-- $3 queue     text    its name, or NULL for all
-- $4 batch     text    its name, or NULL for all
-- $5 lock_key  text    a lock key, or NULL for all
-- $6 token     text    a token, or NULL for all
-- $7 age       float8  only rows that became FAILED, or else were added, so many seconds ago, or NULL for all
-- $8 path      text[]  the way to a value in the payload, or NULL for all
-- $9 value     text    the value that is there
-- $10 after    int8    only smaller ids, or NULL for all
-- $11 until    int8    the last id to look at, or NULL for all
-- $12 limit    int8    the most rows
-- Returns id, task_name, queue, status.
SELECT id, task_name, queue, status
FROM ONLY tasks
WHERE
    -- same: selected_rows
    ($1::text IS NULL OR status = $1::text) AND ($2::text IS NULL OR task_name = $2::text)
        AND ($3::text IS NULL OR queue = $3::text) AND ($4::text IS NULL OR batch = $4::text)
        AND ($5::text IS NULL OR lock_key = $5::text) AND ($6::text IS NULL OR token = $6::text)
        AND (
            $7::double precision IS NULL
            OR coalesce(failed_at, created_at) < statement_timestamp() - make_interval(secs => $7::double precision)
        )
        AND ($8::text[] IS NULL OR coalesce(data #>> $8::text[], (data #> $8::text[])::text) = $9::text)
    -- end
    AND ($10::bigint IS NULL OR id < $10::bigint) AND ($11::bigint IS NULL OR id >= $11::bigint)
ORDER BY id DESC
LIMIT $12::bigint
