-- Keeps the result of a task that ends. It reads the row, so it must run before the row is deleted, and only while the
-- claim holds.
--
-- :state     text     how it ended
-- :result    text     the result, if it is text
-- :bytes     blob     the result, if it is not text
-- :size      integer  its size in bytes, as the handler gave it
-- :error     text     what went wrong, or NULL
-- :noted     integer  1: progress was noted last
-- :done      integer  how much is done
-- :total     integer  how much there is to do
-- :note      text     a note about it
-- :hash      text     the hash of the payload, or NULL
-- :started   text     when the handler began, or NULL
-- :now       text     the current moment
-- :expires   text     until when the result is kept
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
INSERT OR REPLACE INTO task_results (
    -- same: result_columns
    token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
    progress_note, data_hash, created_at, started_at, finished_at, expires_at
    -- end
)
SELECT token, id, task_name, :state, :result, :bytes, :size, :error,
    iif(:noted, :done, progress_done), iif(:noted, :total, progress_total), iif(:noted, :note, progress_note),
    :hash, created_at, :started, :now, :expires
FROM tasks
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
    AND token IS NOT NULL
