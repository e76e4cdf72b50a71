-- Batches: tasks that belong together, and a task that is due when all of them have ended.
-- What the task belongs to.
ALTER TABLE tasks ADD COLUMN batch TEXT
    CONSTRAINT batch_is_1_to_200_characters_without_control_characters CHECK (
        batch IS NULL
        OR (
            typeof(batch) = 'text'
            AND length(batch) BETWEEN 1 AND 200
            AND instr(batch, char(0)) = 0
            AND batch NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        )
    );

-- What it waits for; NULL again when that has ended.
ALTER TABLE tasks ADD COLUMN after_batch TEXT
    CONSTRAINT after_batch_is_1_to_200_characters_without_control_characters CHECK (
        after_batch IS NULL
        OR (
            typeof(after_batch) = 'text'
            AND length(after_batch) BETWEEN 1 AND 200
            AND instr(after_batch, char(0)) = 0
            AND after_batch NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        )
    )
    CONSTRAINT a_task_after_a_batch_has_no_lock_key_and_is_not_of_that_batch CHECK (
        after_batch IS NULL OR (lock_key IS NULL AND after_batch IS NOT batch)
    );

-- How the tasks of a batch have ended that are gone; kept while a task waits for it. The failed ones are counted where they stand.
CREATE TABLE task_batches (
    batch TEXT PRIMARY KEY,
    complete INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0
);

-- As before, without the rows that wait for a batch.
DROP INDEX tasks_due;
CREATE INDEX tasks_due ON tasks (task_name, queue, priority, julianday(run_at), id)
    WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL;

-- The tasks of a batch by their states.
CREATE INDEX tasks_batch ON tasks (batch, status, id) WHERE batch IS NOT NULL;

-- The tasks that wait for a batch.
CREATE INDEX tasks_after_batch ON tasks (after_batch, id) WHERE after_batch IS NOT NULL AND status = 'WAITING';
