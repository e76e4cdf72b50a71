-- Tasks: one row is one piece of background work. Any program adds one with an INSERT; only task_name must be given.
CREATE TABLE tasks (
    -- AUTOINCREMENT: a number is never used twice, not even after its row was deleted.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_name TEXT NOT NULL
        CONSTRAINT task_name_is_1_to_200_characters_without_slash_or_control_characters CHECK (
            typeof(task_name) = 'text'
            AND length(task_name) BETWEEN 1 AND 200
            AND instr(task_name, char(0)) = 0
            AND task_name NOT GLOB '[.-]*'
            AND task_name NOT GLOB '*/*'
            AND task_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        ),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
        CONSTRAINT created_at_is_a_date_and_time CHECK (julianday(created_at) IS NOT NULL),
    data TEXT NOT NULL DEFAULT '{}'
        CONSTRAINT data_is_json CHECK (
            typeof(data) = 'text' AND instr(data, char(0)) = 0 AND json_valid(data)
        ),
    status TEXT NOT NULL DEFAULT 'WAITING'
        CONSTRAINT status_is_waiting_processing_or_failed CHECK (status IN ('WAITING', 'PROCESSING', 'FAILED')),
    queue TEXT NOT NULL DEFAULT 'default'
        CONSTRAINT queue_is_1_to_200_characters_without_control_characters CHECK (
            typeof(queue) = 'text'
            AND length(queue) BETWEEN 1 AND 200
            AND instr(queue, char(0)) = 0
            AND queue NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        ),
    priority INTEGER NOT NULL DEFAULT 0
        CONSTRAINT priority_is_a_32_bit_number CHECK (
            typeof(priority) = 'integer' AND priority BETWEEN -2147483648 AND 2147483647
        ),
    -- Any text that julianday() understands: with or without T, Z, offset and fraction. The index below orders the moments.
    run_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
        CONSTRAINT run_at_is_a_date_and_time CHECK (julianday(run_at) IS NOT NULL),
    attempts INTEGER NOT NULL DEFAULT 0
        CONSTRAINT attempts_is_not_negative CHECK (typeof(attempts) = 'integer' AND attempts BETWEEN 0 AND 2147483647),
    max_attempts INTEGER
        CONSTRAINT max_attempts_is_at_least_1 CHECK (
            max_attempts IS NULL OR (typeof(max_attempts) = 'integer' AND max_attempts BETWEEN 1 AND 2147483647)
        ),
    timeout_seconds INTEGER
        CONSTRAINT timeout_seconds_is_at_least_1 CHECK (
            timeout_seconds IS NULL
            OR (typeof(timeout_seconds) = 'integer' AND timeout_seconds BETWEEN 1 AND 2147483647)
        ),
    lease_owner TEXT
        CONSTRAINT lease_owner_is_text CHECK (lease_owner IS NULL OR typeof(lease_owner) = 'text'),
    lease_expires_at TEXT
        CONSTRAINT lease_expires_at_is_a_date_and_time CHECK (
            lease_expires_at IS NULL
            OR (typeof(lease_expires_at) = 'text' AND julianday(lease_expires_at) IS NOT NULL)
        ),
    claim_no INTEGER NOT NULL DEFAULT 0
        CONSTRAINT claim_no_is_0_to_4611686018427387904 CHECK (
            typeof(claim_no) = 'integer' AND claim_no BETWEEN 0 AND 4611686018427387904
        ),
    crashes INTEGER NOT NULL DEFAULT 0
        CONSTRAINT crashes_is_not_negative CHECK (typeof(crashes) = 'integer' AND crashes BETWEEN 0 AND 2147483647),
    last_error TEXT
        CONSTRAINT last_error_is_text CHECK (last_error IS NULL OR typeof(last_error) = 'text')
);

-- Due order, lane by lane (a lane is one task name, queue and priority): a claim reads the head of each lane it serves
-- and nothing else, so rows that failed, wait for later, or belong to other lanes cost it nothing.
CREATE INDEX tasks_due ON tasks (task_name, queue, priority, julianday(run_at), id)
    WHERE status = 'WAITING' AND crashes = 0;

-- Tasks that were in hand when a run died: few, and claimed with care.
CREATE INDEX tasks_crashed ON tasks (crashes, priority, julianday(run_at), id)
    WHERE status = 'WAITING' AND crashes > 0;

-- Lease ends: only what is in some run's hand.
CREATE INDEX tasks_lease ON tasks (julianday(lease_expires_at)) WHERE status = 'PROCESSING';

CREATE TABLE task_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
