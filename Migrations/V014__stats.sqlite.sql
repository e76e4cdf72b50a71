-- What runs measure: how many tasks ended and how, and how long they ran and waited.

-- One row is what the runs of one host did in one minute with the tasks of one name and queue.
CREATE TABLE task_measures (
    -- The beginning of the minute in which a run added it, in UTC.
    minute TEXT NOT NULL,
    task_name TEXT NOT NULL,
    -- '*': of any queue, as where a run has served very many, or where a task was taken over from a dead run.
    queue TEXT NOT NULL,
    host TEXT NOT NULL,
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0,
    recovered INTEGER NOT NULL DEFAULT 0,
    leases_lost INTEGER NOT NULL DEFAULT 0,
    -- How long handlers ran: the sum, the longest, and how many in each bucket, as a JSON object.
    run_microseconds INTEGER NOT NULL DEFAULT 0,
    longest_run_microseconds INTEGER NOT NULL DEFAULT 0,
    run_times TEXT NOT NULL DEFAULT '{}',
    -- How long tasks were due before their handlers began: the same.
    wait_microseconds INTEGER NOT NULL DEFAULT 0,
    longest_wait_microseconds INTEGER NOT NULL DEFAULT 0,
    wait_times TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (minute, task_name, queue, host)
) WITHOUT ROWID;

-- The sums over all hosts and all time: they stay when the minutes are removed.
CREATE TABLE task_totals (
    task_name TEXT NOT NULL,
    queue TEXT NOT NULL,
    -- When something was added for the last time.
    counted_at TEXT NOT NULL,
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0,
    recovered INTEGER NOT NULL DEFAULT 0,
    leases_lost INTEGER NOT NULL DEFAULT 0,
    run_microseconds INTEGER NOT NULL DEFAULT 0,
    longest_run_microseconds INTEGER NOT NULL DEFAULT 0,
    run_times TEXT NOT NULL DEFAULT '{}',
    wait_microseconds INTEGER NOT NULL DEFAULT 0,
    longest_wait_microseconds INTEGER NOT NULL DEFAULT 0,
    wait_times TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (task_name, queue)
) WITHOUT ROWID;
