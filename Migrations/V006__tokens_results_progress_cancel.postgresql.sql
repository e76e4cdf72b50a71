-- Ask now, fetch later. A task with a token leaves its end in task_results, written in the transaction that settles it.
ALTER TABLE tasks
    ADD COLUMN token text COLLATE "C"
        CONSTRAINT token_is_1_to_200_characters_without_control_characters CHECK (
            char_length(token) BETWEEN 1 AND 200 AND token !~ '[\x01-\x1f\x7f-\x9f]'
        ),
    -- How far the handler says it is; written at most once a second.
    ADD COLUMN progress_done bigint
        CONSTRAINT progress_done_is_not_negative CHECK (progress_done >= 0),
    ADD COLUMN progress_total bigint
        CONSTRAINT progress_total_is_at_least_1 CHECK (progress_total >= 1),
    ADD COLUMN progress_note text,
    -- Somebody asks that the task be not performed, or no longer.
    ADD COLUMN cancel_requested_at timestamptz;

-- A token is one task's. Tasks without one are not in it, and cost nothing.
CREATE UNIQUE INDEX tasks_token ON tasks (token) WHERE token IS NOT NULL;

CREATE TABLE task_results (
    token text COLLATE "C" PRIMARY KEY,
    task_id bigint NOT NULL,
    task_name text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL
        CONSTRAINT state_is_complete_failed_or_cancelled CHECK (state IN ('COMPLETE', 'FAILED', 'CANCELLED')),
    -- The result: as text if it is UTF-8 without NUL, else as bytes; never both.
    result text,
    result_bytes bytea,
    -- Its size in bytes as the handler gave it: if that is more than is here, it was cut at max_result.
    result_size bigint NOT NULL DEFAULT 0,
    error text,
    progress_done bigint,
    progress_total bigint,
    progress_note text,
    -- SHA-256 of the payload, for whoever wants the result of an equal task again.
    data_hash text COLLATE "C",
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX task_results_expiry ON task_results (expires_at);
CREATE INDEX task_results_reuse ON task_results (task_name, data_hash) WHERE data_hash IS NOT NULL;
