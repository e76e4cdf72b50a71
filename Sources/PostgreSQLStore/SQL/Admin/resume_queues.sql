-- Resumes queues. Whether a pause was over is only reported, so the transaction's moment will do.
--
-- $1 queues  text[]  their names
-- Returns queue.
WITH asked AS (
    SELECT queue, paused_until > now() AS was_paused
    FROM ONLY task_queues
    WHERE queue = ANY ($1::text[]) AND paused_until IS NOT NULL
    ORDER BY queue
    FOR NO KEY UPDATE
), changed AS (
    UPDATE ONLY task_queues SET paused_until = NULL FROM asked WHERE task_queues.queue = asked.queue
)
SELECT queue FROM asked WHERE was_paused ORDER BY queue
