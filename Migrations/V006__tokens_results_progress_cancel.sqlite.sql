-- Ask now, fetch later. A task with a token leaves its end in task_results, written in the transaction that settles it.
ALTER TABLE tasks ADD COLUMN token TEXT
    CONSTRAINT token_is_1_to_200_characters_without_control_characters CHECK (
        token IS NULL
        OR (
            typeof(token) = 'text'
            AND length(token) BETWEEN 1 AND 200
            AND instr(token, char(0)) = 0
            AND token NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
        )
    );

-- How far the handler says it is; written at most once a second.
ALTER TABLE tasks ADD COLUMN progress_done INTEGER
    CONSTRAINT progress_done_is_not_negative CHECK (
        progress_done IS NULL OR (typeof(progress_done) = 'integer' AND progress_done >= 0)
    );
ALTER TABLE tasks ADD COLUMN progress_total INTEGER
    CONSTRAINT progress_total_is_at_least_1 CHECK (
        progress_total IS NULL OR (typeof(progress_total) = 'integer' AND progress_total >= 1)
    );
ALTER TABLE tasks ADD COLUMN progress_note TEXT
    CONSTRAINT progress_note_is_text CHECK (progress_note IS NULL OR typeof(progress_note) = 'text');

-- Somebody asks that the task be not performed, or no longer.
ALTER TABLE tasks ADD COLUMN cancel_requested_at TEXT
    CONSTRAINT cancel_requested_at_is_a_date_and_time CHECK (
        cancel_requested_at IS NULL
        OR (typeof(cancel_requested_at) = 'text' AND julianday(cancel_requested_at) IS NOT NULL)
    );

-- A token is one task's. Tasks without one are not in it, and cost nothing.
CREATE UNIQUE INDEX tasks_token ON tasks (token) WHERE token IS NOT NULL;

CREATE TABLE task_results (
    token TEXT NOT NULL PRIMARY KEY,
    task_id INTEGER NOT NULL,
    task_name TEXT NOT NULL,
    state TEXT NOT NULL
        CONSTRAINT state_is_complete_failed_or_cancelled CHECK (
            state = 'COMPLETE' OR state = 'FAILED' OR state = 'CANCELLED'
        ),
    -- The result: as text if it is UTF-8 without NUL, else as bytes; never both.
    result TEXT,
    result_bytes BLOB,
    -- Its size in bytes as the handler gave it: if that is more than is here, it was cut at max_result.
    result_size INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    progress_done INTEGER,
    progress_total INTEGER,
    progress_note TEXT,
    -- SHA-256 of the payload, for whoever wants the result of an equal task again.
    data_hash TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

CREATE INDEX task_results_expiry ON task_results (julianday(expires_at));
CREATE INDEX task_results_reuse ON task_results (task_name, data_hash) WHERE data_hash IS NOT NULL;
