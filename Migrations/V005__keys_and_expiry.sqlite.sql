-- In the conditions of most indexes that comes first which is untrue for most rows: SQLite asks no further. Not in that of tasks_dedupe,
-- which ON CONFLICT has to repeat word for word, the same on both databases.
-- Equal tasks, tasks in line, and tasks that are of no use later.
-- Equal tasks wait at most once.
ALTER TABLE tasks ADD COLUMN dedupe_key TEXT
    CONSTRAINT dedupe_key_is_1_to_200_characters_without_control_characters CHECK (
        dedupe_key IS NULL
        OR (
            typeof(dedupe_key) = 'text'
            AND length(dedupe_key) BETWEEN 1 AND 200
            AND instr(dedupe_key, char(0)) = 0
            AND dedupe_key NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        )
    );

-- Tasks with one key never run at the same time, and run in order.
ALTER TABLE tasks ADD COLUMN lock_key TEXT
    CONSTRAINT lock_key_is_1_to_200_characters_without_control_characters CHECK (
        lock_key IS NULL
        OR (
            typeof(lock_key) = 'text'
            AND length(lock_key) BETWEEN 1 AND 200
            AND instr(lock_key, char(0)) = 0
            AND lock_key NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        )
    );

-- Kept by the runs. 0: to be looked at; 1: another one of the key is ahead; 2: holds the key.
ALTER TABLE tasks ADD COLUMN lock_place INTEGER NOT NULL DEFAULT 0
    CONSTRAINT lock_place_is_0_to_2 CHECK (lock_place = 0 OR lock_place = 1 OR lock_place = 2);

-- Not begun by then, a task becomes FAILED. Any text that julianday() understands.
ALTER TABLE tasks ADD COLUMN expires_at TEXT
    CONSTRAINT expires_at_is_a_date_and_time CHECK (expires_at IS NULL OR julianday(expires_at) IS NOT NULL);

CREATE UNIQUE INDEX tasks_dedupe ON tasks (task_name, dedupe_key)
    WHERE status = 'WAITING' AND dedupe_key IS NOT NULL;

-- As before, without the rows that have a lock key: a claim of plain rows meets none of them.
DROP INDEX tasks_due;
CREATE INDEX tasks_due ON tasks (task_name, queue, priority, julianday(run_at), id)
    WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL;

-- Due order of the rows with a lock key, without those that are known to have another one ahead.
CREATE INDEX tasks_lock_open ON tasks (task_name, queue, priority, julianday(run_at), id)
    WHERE lock_key IS NOT NULL AND lock_place <> 1 AND status = 'WAITING' AND crashes = 0;

-- The line of each lock key.
CREATE INDEX tasks_lock_line ON tasks (lock_key, priority, julianday(run_at), id)
    WHERE lock_key IS NOT NULL AND status = 'WAITING';

-- Rows that have another one ahead: to find those that have none any more, after rows were changed by hand.
CREATE INDEX tasks_lock_behind ON tasks (id) WHERE lock_place = 1 AND status = 'WAITING';

-- One holder a key, whatever the runs do.
CREATE UNIQUE INDEX tasks_lock_holder ON tasks (lock_key) WHERE lock_place = 2;

CREATE INDEX tasks_expiry ON tasks (julianday(expires_at))
    WHERE expires_at IS NOT NULL AND status = 'WAITING' AND attempts = 0;
