-- Batches: tasks that belong together, and a task that is due when all of them have ended.
ALTER TABLE tasks
    -- What the task belongs to.
    ADD COLUMN batch text COLLATE "C"
        CONSTRAINT batch_is_1_to_200_characters_without_control_characters CHECK (
            batch IS NULL OR (char_length(batch) BETWEEN 1 AND 200 AND batch !~ '[\x01-\x1f\x7f-\x9f]')
        ),
    -- What it waits for; NULL again when that has ended.
    ADD COLUMN after_batch text COLLATE "C"
        CONSTRAINT after_batch_is_1_to_200_characters_without_control_characters CHECK (
            after_batch IS NULL
            OR (char_length(after_batch) BETWEEN 1 AND 200 AND after_batch !~ '[\x01-\x1f\x7f-\x9f]')
        )
        CONSTRAINT a_task_after_a_batch_has_no_lock_key_and_is_not_of_that_batch CHECK (
            after_batch IS NULL OR (lock_key IS NULL AND after_batch IS DISTINCT FROM batch)
        );

-- As before; what most rows do not have is asked first, as each claim checks each condition. What the runs alone write is not checked.
ALTER TABLE tasks
    DROP CONSTRAINT lock_place_is_0_to_2,
    DROP CONSTRAINT progress_done_is_not_negative,
    DROP CONSTRAINT progress_total_is_at_least_1,
    DROP CONSTRAINT dedupe_key_is_1_to_200_characters_without_control_characters,
    ADD CONSTRAINT dedupe_key_is_1_to_200_characters_without_control_characters CHECK (
        dedupe_key IS NULL OR (char_length(dedupe_key) BETWEEN 1 AND 200 AND dedupe_key !~ '[\x01-\x1f\x7f-\x9f]')
    ),
    DROP CONSTRAINT lock_key_is_1_to_200_characters_without_control_characters,
    ADD CONSTRAINT lock_key_is_1_to_200_characters_without_control_characters CHECK (
        lock_key IS NULL OR (char_length(lock_key) BETWEEN 1 AND 200 AND lock_key !~ '[\x01-\x1f\x7f-\x9f]')
    ),
    DROP CONSTRAINT token_is_1_to_200_characters_without_control_characters,
    ADD CONSTRAINT token_is_1_to_200_characters_without_control_characters CHECK (
        token IS NULL OR (char_length(token) BETWEEN 1 AND 200 AND token !~ '[\x01-\x1f\x7f-\x9f]')
    );

-- How the tasks of a batch have ended that are gone; kept while a task waits for it. The failed ones are counted where they stand.
CREATE TABLE task_batches (
    batch text COLLATE "C" PRIMARY KEY,
    complete bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0
);

-- As before, without the rows that wait for a batch.
DROP INDEX tasks_due;
CREATE INDEX tasks_due ON tasks (task_name, queue, priority, run_at, id)
    WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL;

-- The tasks of a batch by their states; the last ones are looked at first, as they are the last to be claimed.
CREATE INDEX tasks_batch ON tasks (batch, status, id) WHERE batch IS NOT NULL;

-- The tasks that wait for a batch.
CREATE INDEX tasks_after_batch ON tasks (after_batch, id) WHERE after_batch IS NOT NULL AND status = 'WAITING';

-- As before; first comes the condition that is untrue for most rows, as the others are then not looked at.
DROP INDEX tasks_lock_open;
CREATE INDEX tasks_lock_open ON tasks (task_name, queue, priority, run_at, id)
    WHERE lock_key IS NOT NULL AND lock_place <> 1 AND status = 'WAITING' AND crashes = 0;
DROP INDEX tasks_lock_line;
CREATE INDEX tasks_lock_line ON tasks (lock_key, priority, run_at, id)
    WHERE lock_key IS NOT NULL AND status = 'WAITING';
DROP INDEX tasks_lock_behind;
CREATE INDEX tasks_lock_behind ON tasks (id) WHERE lock_place = 1 AND status = 'WAITING';
DROP INDEX tasks_expiry;
CREATE INDEX tasks_expiry ON tasks (expires_at)
    WHERE expires_at IS NOT NULL AND status = 'WAITING' AND attempts = 0;
DROP INDEX tasks_dedupe;
CREATE UNIQUE INDEX tasks_dedupe ON tasks (task_name, dedupe_key)
    WHERE dedupe_key IS NOT NULL AND status = 'WAITING';
