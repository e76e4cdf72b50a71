-- How many tasks of these batches are FAILED.
--
-- $1 batches  text[]  their names
-- Returns batch, failed.
SELECT batch, count(*) AS failed
FROM ONLY tasks
WHERE batch IS NOT NULL AND batch = ANY ($1::text[]) AND status = 'FAILED'
GROUP BY batch
