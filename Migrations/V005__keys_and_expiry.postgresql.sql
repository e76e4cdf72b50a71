-- Equal tasks, tasks in line, and tasks that are of no use later. Nothing is rewritten: the new columns have constant defaults.
ALTER TABLE tasks
    -- Equal tasks wait at most once.
    ADD COLUMN dedupe_key text COLLATE "C"
        CONSTRAINT dedupe_key_is_1_to_200_characters_without_control_characters CHECK (
            char_length(dedupe_key) BETWEEN 1 AND 200 AND dedupe_key !~ '[\x01-\x1f\x7f-\x9f]'
        ),
    -- Tasks with one key never run at the same time, and run in order.
    ADD COLUMN lock_key text COLLATE "C"
        CONSTRAINT lock_key_is_1_to_200_characters_without_control_characters CHECK (
            char_length(lock_key) BETWEEN 1 AND 200 AND lock_key !~ '[\x01-\x1f\x7f-\x9f]'
        ),
    -- Kept by the runs. 0: to be looked at; 1: another one of the key is ahead; 2: holds the key.
    ADD COLUMN lock_place smallint NOT NULL DEFAULT 0
        CONSTRAINT lock_place_is_0_to_2 CHECK (lock_place BETWEEN 0 AND 2),
    -- Not begun by then, a task becomes FAILED.
    ADD COLUMN expires_at timestamptz
        CONSTRAINT expires_at_is_finite CHECK (isfinite(expires_at));

CREATE UNIQUE INDEX tasks_dedupe ON tasks (task_name, dedupe_key)
    WHERE status = 'WAITING' AND dedupe_key IS NOT NULL;

-- As before, without the rows that have a lock key: a claim of plain rows meets none of them.
DROP INDEX tasks_due;
CREATE INDEX tasks_due ON tasks (task_name, queue, priority, run_at, id)
    WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL;

-- Due order of the rows with a lock key, without those that are known to have another one ahead.
CREATE INDEX tasks_lock_open ON tasks (task_name, queue, priority, run_at, id)
    WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1;

-- The line of each lock key.
CREATE INDEX tasks_lock_line ON tasks (lock_key, priority, run_at, id)
    WHERE status = 'WAITING' AND lock_key IS NOT NULL;

-- Rows that have another one ahead: to find those that have none any more, after rows were changed by hand.
CREATE INDEX tasks_lock_behind ON tasks (id) WHERE status = 'WAITING' AND lock_place = 1;

-- One holder a key, whatever the runs do.
CREATE UNIQUE INDEX tasks_lock_holder ON tasks (lock_key) WHERE lock_place = 2;

CREATE INDEX tasks_expiry ON tasks (expires_at)
    WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL;
