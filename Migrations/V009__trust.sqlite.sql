-- Checks that cost less, and moments that are what they seem.

-- The checks are changed where they stand: a new table of the same name would lose what others have made of this one (columns, indexes,
-- triggers, views, references), and copying millions of rows takes long. What somebody has changed by hand is not found, and stays.
-- Each accepts what it accepted before, but for the last five. `taskrun migrate --print` writes them as they are in the end.
PRAGMA writable_schema = ON;

-- IN (…) makes a table of its values for each row.
UPDATE sqlite_schema SET sql = replace(sql, 'status IN (''WAITING'', ''PROCESSING'', ''FAILED'')', 'status = ''WAITING'' OR status = ''PROCESSING'' OR status = ''FAILED''')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

-- Patterns and zero bytes made of constants are made anew for each statement, whether they are needed or not; with a length in them, only
-- where they are. Texts of printable ASCII do not need them.
UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(task_name, char(0)) = 0
            AND task_name NOT GLOB ''[.-]*''
            AND task_name NOT GLOB ''*/*''
            AND task_name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND task_name NOT GLOB ''[.-]*''
            AND task_name NOT GLOB ''*/*''
            AND (
                task_name NOT GLOB ''*[^ -~]*'' AND length(task_name) = length(CAST(task_name AS BLOB))
                OR instr(task_name, char(0 * length(task_name))) = 0
                AND task_name NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(task_name)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(queue, char(0)) = 0
            AND queue NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND (
                queue NOT GLOB ''*[^ -~]*'' AND length(queue) = length(CAST(queue AS BLOB))
                OR instr(queue, char(0 * length(queue))) = 0
                AND queue NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(queue)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(dedupe_key, char(0)) = 0
            AND dedupe_key NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND (
                dedupe_key NOT GLOB ''*[^ -~]*'' AND length(dedupe_key) = length(CAST(dedupe_key AS BLOB))
                OR instr(dedupe_key, char(0 * length(dedupe_key))) = 0
                AND dedupe_key NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(dedupe_key)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(lock_key, char(0)) = 0
            AND lock_key NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND (
                lock_key NOT GLOB ''*[^ -~]*'' AND length(lock_key) = length(CAST(lock_key AS BLOB))
                OR instr(lock_key, char(0 * length(lock_key))) = 0
                AND lock_key NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(lock_key)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(token, char(0)) = 0
            AND token NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND (
                token NOT GLOB ''*[^ -~]*'' AND length(token) = length(CAST(token AS BLOB))
                OR instr(token, char(0 * length(token))) = 0
                AND token NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(token)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(batch, char(0)) = 0
            AND batch NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND (
                batch NOT GLOB ''*[^ -~]*'' AND length(batch) = length(CAST(batch AS BLOB))
                OR instr(batch, char(0 * length(batch))) = 0
                AND batch NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(batch)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(after_batch, char(0)) = 0
            AND after_batch NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND (
                after_batch NOT GLOB ''*[^ -~]*'' AND length(after_batch) = length(CAST(after_batch AS BLOB))
                OR instr(after_batch, char(0 * length(after_batch))) = 0
                AND after_batch NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(after_batch)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'AND instr(name, char(0)) = 0
            AND instr(name, ''*'') = 0
            AND name NOT GLOB ''*['' || char(1) || ''-'' || char(31) || char(127) || ''-'' || char(159) || '']*''', 'AND instr(name, ''*'') = 0
            AND (
                name NOT GLOB ''*[^ -~]*'' AND length(name) = length(CAST(name AS BLOB))
                OR instr(name, char(0 * length(name))) = 0
                AND name NOT GLOB ''*['' || char(1, 45, 31, 127, 45, 159 + 0 * length(name)) || '']*''
            )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

-- Most rows have these values: nothing else is asked then.
UPDATE sqlite_schema SET sql = replace(sql, 'typeof(queue) = ''text''
            AND length(queue)', 'queue = ''default''
            OR typeof(queue) = ''text''
            AND length(queue)')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'typeof(priority) = ''integer'' AND priority BETWEEN -2147483648 AND 2147483647', 'priority = 0 OR typeof(priority) = ''integer'' AND priority BETWEEN -2147483648 AND 2147483647')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'typeof(attempts) = ''integer'' AND attempts BETWEEN 0 AND 2147483647', 'attempts = 0 OR typeof(attempts) = ''integer'' AND attempts BETWEEN 0 AND 2147483647')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'typeof(claim_no) = ''integer'' AND claim_no BETWEEN 0 AND 4611686018427387904', 'claim_no = 0 OR typeof(claim_no) = ''integer'' AND claim_no BETWEEN 0 AND 4611686018427387904')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'typeof(crashes) = ''integer'' AND crashes BETWEEN 0 AND 2147483647', 'crashes = 0 OR typeof(crashes) = ''integer'' AND crashes BETWEEN 0 AND 2147483647')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'instr(data, char(0)) = 0', '(length(data) = length(CAST(data AS BLOB)) OR instr(data, char(0 * length(data))) = 0)')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

-- '2030' and 300 are numbers of days since 4714 BC, '10:00' is of the year 2000: refused from now on. Rows that have them stay as they are; once
-- they are claimed, each run may write what is in them again.
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (julianday(run_at) IS NOT NULL)', 'CHECK (julianday(run_at) IS NOT NULL)
        CONSTRAINT run_at_begins_with_year_month_and_day CHECK (
            claim_no > 0 OR run_at GLOB ''???[0-9]-*'' OR run_at GLOB ''-???[0-9]-*''
        )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (julianday(created_at) IS NOT NULL)', 'CHECK (julianday(created_at) IS NOT NULL)
        CONSTRAINT created_at_begins_with_year_month_and_day CHECK (
            claim_no > 0 OR created_at GLOB ''???[0-9]-*'' OR created_at GLOB ''-???[0-9]-*''
        )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (expires_at IS NULL OR julianday(expires_at) IS NOT NULL)', 'CHECK (expires_at IS NULL OR julianday(expires_at) IS NOT NULL)
    CONSTRAINT expires_at_begins_with_year_month_and_day CHECK (
        expires_at IS NULL OR claim_no > 0 OR expires_at GLOB ''???[0-9]-*'' OR expires_at GLOB ''-???[0-9]-*''
    )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'paused_until IS NULL OR (typeof(paused_until) = ''text'' AND julianday(paused_until) IS NOT NULL)
        )', 'paused_until IS NULL OR (typeof(paused_until) = ''text'' AND julianday(paused_until) IS NOT NULL)
        )
        CONSTRAINT paused_until_begins_with_year_month_and_day CHECK (
            paused_until IS NULL OR paused_until GLOB ''???[0-9]-*'' OR paused_until GLOB ''-???[0-9]-*''
        )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (julianday(paused_at) IS NOT NULL)', 'CHECK (julianday(paused_at) IS NOT NULL)
        CONSTRAINT paused_at_begins_with_year_month_and_day CHECK (
            paused_at GLOB ''???[0-9]-*'' OR paused_at GLOB ''-???[0-9]-*''
        )')
WHERE type = 'table' AND name IN ('tasks', 'task_queues', 'task_limits');

-- The definitions are read anew, here and by each other connection: the statements below say that they have changed.
PRAGMA writable_schema = RESET;

-- As before, at less than half the cost: what comes before the INSERT gets each default value computed twice. An id that follows the one
-- before is one that was given by itself, or could have been.
DROP TRIGGER IF EXISTS tasks_id_insert;
CREATE TRIGGER tasks_id_insert AFTER INSERT ON tasks WHEN NEW.id > 4611686018427387904
BEGIN
    SELECT RAISE(ABORT, 'id_is_at_most_4611686018427387904')
    WHERE NEW.id - 1 > (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tasks')
        AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.id - 1);
END;
