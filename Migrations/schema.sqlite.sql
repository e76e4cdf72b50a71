-- The whole schema of the newest version for SQLite, for readers. It is no migration, and nothing runs it but a test,
-- which compares it with the tables that the migrations create. To create the tables: taskrun migrate.
--
-- Most checks for text begin with a cheap test for printable ASCII. `0 * length(...)` in the rest keeps SQLite from
-- computing constants anew for each statement even when it does not need them.

-- Tasks. One row is one piece of background work. Any program adds one with an INSERT; only task_name is required.
CREATE TABLE tasks (
    -- AUTOINCREMENT: a number is never used twice, not even after its row was deleted.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Which handler the task is for.
    task_name TEXT NOT NULL
        CONSTRAINT task_name_is_1_to_200_characters_without_slash_or_control_characters CHECK (
            typeof(task_name) = 'text'
            AND length(task_name) BETWEEN 1 AND 200
            AND task_name NOT GLOB '[.-]*'
            AND task_name NOT GLOB '*/*'
            AND (
                task_name NOT GLOB '*[^ -~]*' AND length(task_name) = length(CAST(task_name AS BLOB))
                OR instr(task_name, char(0 * length(task_name))) = 0
                AND task_name NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(task_name)) || ']*'
            )
        ),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
        CONSTRAINT created_at_is_a_date_and_time CHECK (julianday(created_at) IS NOT NULL)
        CONSTRAINT created_at_begins_with_year_month_and_day CHECK (
            claim_no > 0 OR created_at GLOB '???[0-9]-*' OR created_at GLOB '-???[0-9]-*'
        ),
    -- The payload: any JSON value. A handler gets these very bytes.
    data TEXT NOT NULL DEFAULT '{}'
        CONSTRAINT data_is_json CHECK (
            typeof(data) = 'text'
            AND (length(data) = length(CAST(data AS BLOB)) OR instr(data, char(0 * length(data))) = 0)
            AND json_valid(data)
        ),
    status TEXT NOT NULL DEFAULT 'WAITING'
        CONSTRAINT status_is_waiting_processing_or_failed CHECK (
            status = 'WAITING' OR status = 'PROCESSING' OR status = 'FAILED'
        ),
    queue TEXT NOT NULL DEFAULT 'default'
        CONSTRAINT queue_is_1_to_200_characters_without_control_characters CHECK (
            queue = 'default'
            OR typeof(queue) = 'text'
            AND length(queue) BETWEEN 1 AND 200
            AND (
                queue NOT GLOB '*[^ -~]*' AND length(queue) = length(CAST(queue AS BLOB))
                OR instr(queue, char(0 * length(queue))) = 0
                AND queue NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(queue)) || ']*'
            )
        ),
    -- Smaller runs first; negative numbers are allowed.
    priority INTEGER NOT NULL DEFAULT 0
        CONSTRAINT priority_is_a_32_bit_number CHECK (
            priority = 0 OR typeof(priority) = 'integer' AND priority BETWEEN -2147483648 AND 2147483647
        ),
    -- The task is due from this moment on. Any text that julianday() understands: with or without T, Z, offset and
    -- fraction.
    run_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
        CONSTRAINT run_at_is_a_date_and_time CHECK (julianday(run_at) IS NOT NULL)
        CONSTRAINT run_at_begins_with_year_month_and_day CHECK (
            claim_no > 0 OR run_at GLOB '???[0-9]-*' OR run_at GLOB '-???[0-9]-*'
        ),
    -- How many attempts have begun. A claim counts one.
    attempts INTEGER NOT NULL DEFAULT 0
        CONSTRAINT attempts_is_not_negative CHECK (
            attempts = 0 OR typeof(attempts) = 'integer' AND attempts BETWEEN 0 AND 2147483647
        ),
    -- The most attempts; NULL: as the handler is configured.
    max_attempts INTEGER
        CONSTRAINT max_attempts_is_at_least_1 CHECK (
            max_attempts IS NULL OR (typeof(max_attempts) = 'integer' AND max_attempts BETWEEN 1 AND 2147483647)
        ),
    -- How long an attempt may take; NULL: as the handler is configured.
    timeout_seconds INTEGER
        CONSTRAINT timeout_seconds_is_at_least_1 CHECK (
            timeout_seconds IS NULL
            OR (typeof(timeout_seconds) = 'integer' AND timeout_seconds BETWEEN 1 AND 2147483647)
        ),
    -- The run that has claimed the task, and when its lease ends.
    lease_owner TEXT
        CONSTRAINT lease_owner_is_text CHECK (lease_owner IS NULL OR typeof(lease_owner) = 'text'),
    lease_expires_at TEXT
        CONSTRAINT lease_expires_at_is_a_date_and_time CHECK (
            lease_expires_at IS NULL
            OR (typeof(lease_expires_at) = 'text' AND julianday(lease_expires_at) IS NOT NULL)
        ),
    -- The claim number: a claim raises it by one, and each settlement must name it.
    claim_no INTEGER NOT NULL DEFAULT 0
        CONSTRAINT claim_no_is_0_to_4611686018427387904 CHECK (
            claim_no = 0 OR typeof(claim_no) = 'integer' AND claim_no BETWEEN 0 AND 4611686018427387904
        ),
    -- How many runs in a row died or lost their lease while they performed the task.
    crashes INTEGER NOT NULL DEFAULT 0
        CONSTRAINT crashes_is_not_negative CHECK (
            crashes = 0 OR typeof(crashes) = 'integer' AND crashes BETWEEN 0 AND 2147483647
        ),
    -- The text of the last failure, at most 8 KiB.
    last_error TEXT
        CONSTRAINT last_error_is_text CHECK (last_error IS NULL OR typeof(last_error) = 'text'),
    -- Of tasks with the same name and dedupe_key at most one waits.
    dedupe_key TEXT
        CONSTRAINT dedupe_key_is_1_to_200_characters_without_control_characters CHECK (
            dedupe_key IS NULL
            OR (
                typeof(dedupe_key) = 'text'
                AND length(dedupe_key) BETWEEN 1 AND 200
                AND (
                    dedupe_key NOT GLOB '*[^ -~]*' AND length(dedupe_key) = length(CAST(dedupe_key AS BLOB))
                    OR instr(dedupe_key, char(0 * length(dedupe_key))) = 0
                    AND dedupe_key NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(dedupe_key)) || ']*'
                )
            )
        ),
    -- Tasks with the same lock_key never run at the same time, and run in order.
    lock_key TEXT
        CONSTRAINT lock_key_is_1_to_200_characters_without_control_characters CHECK (
            lock_key IS NULL
            OR (
                typeof(lock_key) = 'text'
                AND length(lock_key) BETWEEN 1 AND 200
                AND (
                    lock_key NOT GLOB '*[^ -~]*' AND length(lock_key) = length(CAST(lock_key AS BLOB))
                    OR instr(lock_key, char(0 * length(lock_key))) = 0
                    AND lock_key NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(lock_key)) || ']*'
                )
            )
        ),
    -- Only runs write it. 0: a claim looks at the row; 1: another row of the key comes first; 2: the row holds the key.
    lock_place INTEGER NOT NULL DEFAULT 0
        CONSTRAINT lock_place_is_0_to_2 CHECK (lock_place = 0 OR lock_place = 1 OR lock_place = 2),
    -- A task that has not begun by this moment becomes FAILED. Any text that julianday() understands.
    expires_at TEXT
        CONSTRAINT expires_at_is_a_date_and_time CHECK (expires_at IS NULL OR julianday(expires_at) IS NOT NULL)
        CONSTRAINT expires_at_begins_with_year_month_and_day CHECK (
            expires_at IS NULL OR claim_no > 0 OR expires_at GLOB '???[0-9]-*' OR expires_at GLOB '-???[0-9]-*'
        ),
    -- A task with a token leaves its result in task_results.
    token TEXT
        CONSTRAINT token_is_1_to_200_characters_without_control_characters CHECK (
            token IS NULL
            OR (
                typeof(token) = 'text'
                AND length(token) BETWEEN 1 AND 200
                AND (
                    token NOT GLOB '*[^ -~]*' AND length(token) = length(CAST(token AS BLOB))
                    OR instr(token, char(0 * length(token))) = 0
                    AND token NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(token)) || ']*'
                )
            )
        ),
    -- The progress that the handler reports, written at most once a second.
    progress_done INTEGER
        CONSTRAINT progress_done_is_not_negative CHECK (
            progress_done IS NULL OR (typeof(progress_done) = 'integer' AND progress_done >= 0)
        ),
    progress_total INTEGER
        CONSTRAINT progress_total_is_at_least_1 CHECK (
            progress_total IS NULL OR (typeof(progress_total) = 'integer' AND progress_total >= 1)
        ),
    progress_note TEXT
        CONSTRAINT progress_note_is_text CHECK (progress_note IS NULL OR typeof(progress_note) = 'text'),
    -- When `taskrun cancel` asked the run that performs the task to end it.
    cancel_requested_at TEXT
        CONSTRAINT cancel_requested_at_is_a_date_and_time CHECK (
            cancel_requested_at IS NULL
            OR (typeof(cancel_requested_at) = 'text' AND julianday(cancel_requested_at) IS NOT NULL)
        ),
    -- The batch that the task belongs to.
    batch TEXT
        CONSTRAINT batch_is_1_to_200_characters_without_control_characters CHECK (
            batch IS NULL
            OR (
                typeof(batch) = 'text'
                AND length(batch) BETWEEN 1 AND 200
                AND (
                    batch NOT GLOB '*[^ -~]*' AND length(batch) = length(CAST(batch AS BLOB))
                    OR instr(batch, char(0 * length(batch))) = 0
                    AND batch NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(batch)) || ']*'
                )
            )
        ),
    -- The batch that the task waits for; NULL again after that batch has ended.
    after_batch TEXT
        CONSTRAINT after_batch_is_1_to_200_characters_without_control_characters CHECK (
            after_batch IS NULL
            OR (
                typeof(after_batch) = 'text'
                AND length(after_batch) BETWEEN 1 AND 200
                AND (
                    after_batch NOT GLOB '*[^ -~]*' AND length(after_batch) = length(CAST(after_batch AS BLOB))
                    OR instr(after_batch, char(0 * length(after_batch))) = 0
                    AND after_batch NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(after_batch)) || ']*'
                )
            )
        )
        CONSTRAINT a_task_after_a_batch_has_no_lock_key_and_is_not_of_that_batch CHECK (
            after_batch IS NULL OR (lock_key IS NULL AND after_batch IS NOT batch)
        ),
    -- How many times in a row the handler asked to get the task later. The third request and those after it wait at
    -- least a second.
    postponed INTEGER NOT NULL DEFAULT 0,
    -- When the task became FAILED. NULL in a FAILED row: before version 11, or by a hand that did not say.
    failed_at TEXT
);

-- The due order of each lane: the waiting tasks of one name, queue and priority. A claim reads the first rows of each
-- lane that it serves. FAILED rows, rows for later, rows of other lanes, rows with a lock key and rows that wait for a
-- batch cost it nothing.
CREATE INDEX tasks_due ON tasks (task_name, queue, priority, julianday(run_at), id)
    WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL;

-- Waiting tasks whose runs died. They are few, and claims treat them with care.
CREATE INDEX tasks_crashed ON tasks (crashes, priority, julianday(run_at), id)
    WHERE status = 'WAITING' AND crashes > 0;

-- The ends of leases. Only the tasks that runs perform now are in it.
CREATE INDEX tasks_lease ON tasks (julianday(lease_expires_at)) WHERE status = 'PROCESSING';

-- At most one of equal tasks waits. ON CONFLICT must repeat its condition word for word.
CREATE UNIQUE INDEX tasks_dedupe ON tasks (task_name, dedupe_key)
    WHERE status = 'WAITING' AND dedupe_key IS NOT NULL;

-- The due order of the rows with a lock key, without those that are known to be behind another one. In the conditions
-- of this index and of the next ones the part comes first that is false for most rows: SQLite then skips the rest.
CREATE INDEX tasks_lock_open ON tasks (task_name, queue, priority, julianday(run_at), id)
    WHERE lock_key IS NOT NULL AND lock_place <> 1 AND status = 'WAITING' AND crashes = 0;

-- The waiting tasks of each lock key, in their order.
CREATE INDEX tasks_lock_line ON tasks (lock_key, priority, julianday(run_at), id)
    WHERE lock_key IS NOT NULL AND status = 'WAITING';

-- The rows behind others of their lock key: to find those that are not any more, after rows were changed by hand.
CREATE INDEX tasks_lock_behind ON tasks (id) WHERE lock_place = 1 AND status = 'WAITING';

-- At most one row holds a lock key.
CREATE UNIQUE INDEX tasks_lock_holder ON tasks (lock_key) WHERE lock_place = 2;

-- The tasks that expire if they do not begin in time.
CREATE INDEX tasks_expiry ON tasks (julianday(expires_at))
    WHERE expires_at IS NOT NULL AND status = 'WAITING' AND attempts = 0;

-- At most one task has a token.
CREATE UNIQUE INDEX tasks_token ON tasks (token) WHERE token IS NOT NULL;

-- The tasks of a batch by their states.
CREATE INDEX tasks_batch ON tasks (batch, status, id) WHERE batch IS NOT NULL;

-- The tasks that wait for a batch.
CREATE INDEX tasks_after_batch ON tasks (after_batch, id) WHERE after_batch IS NOT NULL AND status = 'WAITING';

-- Refuses ids above 2^62, so that numbers are left for later rows. An id that follows the one before it is allowed:
-- SQLite assigned it, or could have. AFTER: a BEFORE trigger computes each default value twice.
CREATE TRIGGER tasks_id_insert AFTER INSERT ON tasks WHEN NEW.id > 4611686018427387904
BEGIN
    SELECT RAISE(ABORT, 'id_is_at_most_4611686018427387904')
    WHERE NEW.id - 1 > (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tasks')
        AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.id - 1);
END;

CREATE TRIGGER tasks_id_update BEFORE UPDATE OF id ON tasks WHEN NEW.id > 4611686018427387904
BEGIN
    SELECT RAISE(ABORT, 'id_is_at_most_4611686018427387904');
END;

-- FAILED tasks by name and by that moment: to remove the old ones of each name.
CREATE INDEX tasks_failed ON tasks (task_name, julianday(failed_at), id) WHERE status = 'FAILED';

-- The versions that were applied to the tables.
CREATE TABLE task_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- The checksum of the SQL that was run.
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    -- The oldest version that a program must know to claim tasks. Each claim reads the greatest one.
    least_version INTEGER NOT NULL DEFAULT 0
);

-- Pauses of queues. A queue without a row is not paused. Any program may write it.
CREATE TABLE task_queues (
    queue TEXT PRIMARY KEY NOT NULL
        CONSTRAINT queue_is_1_to_200_characters_without_control_characters CHECK (
            queue = 'default'
            OR typeof(queue) = 'text'
            AND length(queue) BETWEEN 1 AND 200
            AND (
                queue NOT GLOB '*[^ -~]*' AND length(queue) = length(CAST(queue AS BLOB))
                OR instr(queue, char(0 * length(queue))) = 0
                AND queue NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(queue)) || ']*'
            )
        ),
    -- No claim takes a task of the queue before this moment; NULL: the queue is not paused.
    paused_until TEXT
        CONSTRAINT paused_until_is_a_date_and_time CHECK (
            paused_until IS NULL OR (typeof(paused_until) = 'text' AND julianday(paused_until) IS NOT NULL)
        )
        CONSTRAINT paused_until_begins_with_year_month_and_day CHECK (
            paused_until IS NULL OR paused_until GLOB '???[0-9]-*' OR paused_until GLOB '-???[0-9]-*'
        ),
    paused_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
        CONSTRAINT paused_at_is_a_date_and_time CHECK (julianday(paused_at) IS NOT NULL)
        CONSTRAINT paused_at_begins_with_year_month_and_day CHECK (
            paused_at GLOB '???[0-9]-*' OR paused_at GLOB '-???[0-9]-*'
        ),
    paused_why TEXT CONSTRAINT paused_why_is_text CHECK (paused_why IS NULL OR typeof(paused_why) = 'text'),
    paused_by TEXT CONSTRAINT paused_by_is_text CHECK (paused_by IS NULL OR typeof(paused_by) = 'text')
) WITHOUT ROWID;

-- The paused queues: few, and read by each claim.
CREATE INDEX task_queues_paused ON task_queues (queue, paused_until) WHERE paused_until IS NOT NULL;

-- Limits on queues and task names, over all runs. Without a row any number may run. Any program may write it.
CREATE TABLE task_limits (
    kind TEXT NOT NULL CONSTRAINT kind_is_queue_or_name CHECK (kind = 'queue' OR kind = 'name'),
    name TEXT NOT NULL
        CONSTRAINT name_is_1_to_200_characters_without_star_or_control_characters CHECK (
            typeof(name) = 'text'
            AND length(name) BETWEEN 1 AND 200
            AND instr(name, '*') = 0
            AND (
                name NOT GLOB '*[^ -~]*' AND length(name) = length(CAST(name AS BLOB))
                OR instr(name, char(0 * length(name))) = 0
                AND name NOT GLOB '*[' || char(1, 45, 31, 127, 45, 159 + 0 * length(name)) || ']*'
            )
        ),
    -- The most tasks at once; NULL: any number.
    max_running INTEGER
        CONSTRAINT max_running_is_not_negative CHECK (
            max_running IS NULL OR (typeof(max_running) = 'integer' AND max_running BETWEEN 0 AND 2147483647)
        ),
    -- The most tasks that begin in a minute; NULL: any number.
    max_per_minute INTEGER
        CONSTRAINT max_per_minute_is_not_negative CHECK (
            max_per_minute IS NULL OR (typeof(max_per_minute) = 'integer' AND max_per_minute BETWEEN 0 AND 2147483647)
        ),
    -- Only runs write these: when the current minute began, and how many tasks began in it.
    minute_began TEXT
        CONSTRAINT minute_began_is_a_date_and_time CHECK (minute_began IS NULL OR julianday(minute_began) IS NOT NULL),
    begun INTEGER NOT NULL DEFAULT 0 CONSTRAINT begun_is_not_negative CHECK (typeof(begun) = 'integer' AND begun >= 0),
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;

-- The results of tasks with a token, written in the transaction that settles the task.
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
    -- The size in bytes of the handler's result. If it is greater than what is here, the result was cut at max_result.
    result_size INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    progress_done INTEGER,
    progress_total INTEGER,
    progress_note TEXT,
    -- The SHA-256 of the payload, by which a later equal task can use this result.
    data_hash TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT NOT NULL,
    -- The result is kept until this moment.
    expires_at TEXT NOT NULL
);

-- Results by the end of their time.
CREATE INDEX task_results_expiry ON task_results (julianday(expires_at));

-- Results that a later equal task can use.
CREATE INDEX task_results_reuse ON task_results (task_name, data_hash) WHERE data_hash IS NOT NULL;

-- How many tasks of a batch were completed and cancelled, kept as long as a task waits for the batch. FAILED tasks are
-- counted in tasks.
CREATE TABLE task_batches (
    batch TEXT PRIMARY KEY,
    complete INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0
);

-- Tasks whose handlers have ended although the database refused every form of the end. No run performs them again.
CREATE TABLE task_stuck (
    task_id INTEGER PRIMARY KEY,
    claim_no INTEGER NOT NULL,
    -- 1: the task is done, and its row is to be deleted; 0: it has failed.
    is_done INTEGER NOT NULL,
    -- The database's error.
    error TEXT NOT NULL,
    noted_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- One row is one run. The runs of one origin that found nothing to do share one row.
CREATE TABLE task_runs (
    id INTEGER PRIMARY KEY,
    -- What lease_owner has for the tasks of the run. In a shared row: of the newest run.
    run TEXT NOT NULL,
    -- A hash of the host, the user, the folder and the arguments: runs that one crontab line starts have the same one.
    origin TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    -- The command line, without the database's address.
    command TEXT NOT NULL,
    -- The version of taskrun.
    version TEXT NOT NULL,
    -- The task names that the run has handlers for, as a JSON array.
    names TEXT NOT NULL,
    -- The most handlers at once.
    slots INTEGER NOT NULL,
    began_at TEXT NOT NULL,
    -- The run was there at this moment.
    seen_at TEXT NOT NULL,
    -- NULL: the run goes on, or it died.
    ended_at TEXT,
    -- How it ended: the exit status, and the error if one ended it early.
    exit_status INTEGER,
    error TEXT,
    -- Whether runs that found nothing share the row, and how many did.
    is_idle INTEGER NOT NULL,
    runs INTEGER NOT NULL DEFAULT 1,
    claimed INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    released INTEGER NOT NULL DEFAULT 0,
    recovered INTEGER NOT NULL DEFAULT 0,
    leases_lost INTEGER NOT NULL DEFAULT 0
);

-- The row that the runs of an origin share.
CREATE UNIQUE INDEX task_runs_idle ON task_runs (origin) WHERE is_idle;

-- The newest runs, and those that are old enough to be removed.
CREATE INDEX task_runs_seen ON task_runs (julianday(seen_at));

-- When a name without a handler was last reported: once an hour is enough, whatever the number of hosts.
CREATE TABLE task_reports (
    task_name TEXT NOT NULL PRIMARY KEY,
    reported_at TEXT NOT NULL
) WITHOUT ROWID;

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

-- The rows that a claim takes from their lanes once they are due: those of the index tasks_due.
CREATE VIEW tasks_plain AS
SELECT * FROM tasks WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL;

-- The rows that a claim looks at for their lock keys once they are due: those of the index tasks_lock_open.
CREATE VIEW tasks_keyed AS
SELECT * FROM tasks INDEXED BY tasks_lock_open
WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1;

-- The rows that a claim treats with care once they are due, because their runs died.
CREATE VIEW tasks_after_crash AS
SELECT * FROM tasks INDEXED BY tasks_crashed WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL;

-- Tasks as `show` and `list` read them, without their payloads: reading large payloads takes long. Texts are bytes, as
-- SQLite does not check that they are UTF-8; moments are Julian days.
CREATE VIEW task_rows AS
SELECT id, CAST(task_name AS BLOB) AS task_name, julianday(created_at) AS created_at,
    CAST(status AS BLOB) AS status, CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, attempts,
    max_attempts, timeout_seconds, CAST(lease_owner AS BLOB) AS lease_owner,
    julianday(lease_expires_at) AS lease_expires_at, claim_no, crashes, CAST(last_error AS BLOB) AS last_error,
    CAST(dedupe_key AS BLOB) AS dedupe_key, CAST(lock_key AS BLOB) AS lock_key, lock_place,
    julianday(expires_at) AS expires_at, CAST(token AS BLOB) AS token, progress_done, progress_total,
    CAST(progress_note AS BLOB) AS progress_note, julianday(cancel_requested_at) AS cancel_requested_at,
    CAST(batch AS BLOB) AS batch, CAST(after_batch AS BLOB) AS after_batch, postponed,
    julianday(failed_at) AS failed_at
FROM tasks;
