-- What became of tasks that have ended, also after their rows are gone.

-- One row is one end of a task. A task that failed and was retried has several. The numbers rise with the ends.
CREATE TABLE task_history (
    no INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL,
    task_name TEXT NOT NULL,
    queue TEXT NOT NULL,
    -- How it ended: COMPLETE, FAILED, EXPIRED, CANCELLED, SKIPPED, REPLACED or DELETED.
    status TEXT NOT NULL,
    -- The attempts that were begun.
    attempts INTEGER NOT NULL,
    -- Of the last attempt, in seconds: from the moment when it was due to its begin, and from there to its end.
    waited REAL,
    ran REAL,
    -- Where the last attempt ran.
    host TEXT,
    -- How the program of the last attempt ended, and the most memory that one of its processes had, in bytes.
    exit_code INTEGER,
    signal INTEGER,
    peak_memory INTEGER,
    token TEXT,
    batch TEXT,
    ended_at TEXT NOT NULL
);

-- The ends of one task, of one token and of one batch.
CREATE INDEX task_history_task ON task_history (task_id);
CREATE INDEX task_history_token ON task_history (token) WHERE token IS NOT NULL;
CREATE INDEX task_history_batch ON task_history (batch) WHERE batch IS NOT NULL;

-- The last failed attempts of each task.
CREATE TABLE task_failures (
    no INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL,
    task_name TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    error TEXT NOT NULL,
    -- As in task_history.
    ran REAL,
    host TEXT,
    exit_code INTEGER,
    signal INTEGER,
    peak_memory INTEGER,
    failed_at TEXT NOT NULL
);

CREATE INDEX task_failures_task ON task_failures (task_id, no);
