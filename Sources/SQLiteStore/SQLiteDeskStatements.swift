/// The statements behind the commands that people give.
enum SQLiteDeskStatements {
    // coalesce repeats the columns' defaults: SQLite has no DEFAULT in a list of values. A test compares them with the table's.
    static let add = """
        INSERT INTO tasks (
            task_name, data, queue, priority, run_at, max_attempts, timeout_seconds, dedupe_key, lock_key, expires_at, token,
            batch, after_batch
        )
        VALUES (
            :name, :data, coalesce(:queue, 'default'), coalesce(:priority, 0),
            coalesce(:run_at, strftime('%Y-%m-%d %H:%M:%f', 'now')), :max_attempts, :timeout_seconds,
            :dedupe_key, :lock_key, :expires_at, :token, :batch, :after_batch
        )
        ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING
        """

    static let equal = """
        SELECT id
        FROM tasks
        WHERE status = 'WAITING' AND dedupe_key IS NOT NULL AND task_name = :name AND dedupe_key = :dedupe_key
        """

    private static let columns = columns(data: "CAST(data AS BLOB)")

    private static func columns(data: String) -> String {
        """
        id, CAST(task_name AS BLOB), julianday(created_at), \(data), CAST(status AS BLOB), CAST(queue AS BLOB),
        priority, julianday(run_at), attempts, max_attempts, timeout_seconds, CAST(lease_owner AS BLOB),
        julianday(lease_expires_at), claim_no, crashes, CAST(last_error AS BLOB),
        CAST(dedupe_key AS BLOB), CAST(lock_key AS BLOB), lock_place, julianday(expires_at),
        CAST(token AS BLOB), progress_done, progress_total, CAST(progress_note AS BLOB), julianday(cancel_requested_at),
        CAST(batch AS BLOB), CAST(after_batch AS BLOB), postponed
        """
    }

    static let list = list(columns)
    static let listWithoutData = list(columns(data: "NULL"))

    private static func list(_ columns: String) -> String {
        """
        SELECT \(columns)
        FROM tasks
        WHERE id > :after AND (:status IS NULL OR status = :status) AND (:name IS NULL OR task_name = :name)
            AND (:queue IS NULL OR queue = :queue)
        ORDER BY id
        LIMIT :limit
        """
    }

    static let show = """
        SELECT \(columns)
        FROM tasks
        WHERE id = :id
        """

    static let showToken = """
        SELECT \(columns)
        FROM tasks
        WHERE token = :token
        """

    private static let isDue = "status = 'WAITING' AND julianday(run_at) <= julianday(:now) AND after_batch IS NULL"

    static let counts = """
        SELECT CAST(queue AS BLOB), CAST(task_name AS BLOB), CAST(status AS BLOB), count(*),
            count(CASE WHEN \(isDue) THEN 1 END), min(CASE WHEN \(isDue) THEN julianday(run_at) END)
        FROM tasks
        GROUP BY queue, task_name, status
        ORDER BY queue, task_name, status
        """

    static let holders = """
        SELECT CAST(lease_owner AS BLOB), count(*), min(julianday(lease_expires_at))
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
        GROUP BY lease_owner
        ORDER BY lease_owner
        """

    static let paused = """
        SELECT CAST(queue AS BLOB), julianday(paused_until), julianday(paused_at), CAST(paused_why AS BLOB),
            CAST(paused_by AS BLOB)
        FROM task_queues
        WHERE julianday(paused_until) > julianday(:now)
        ORDER BY queue
        """

    static let pause = """
        INSERT INTO task_queues (queue, paused_until, paused_at, paused_why, paused_by)
        VALUES (:queue, coalesce(:until, '9999-12-31 23:59:59.999'), :now, :why, :who)
        ON CONFLICT (queue) DO UPDATE
        SET paused_until = excluded.paused_until, paused_at = excluded.paused_at, paused_why = excluded.paused_why,
            paused_by = excluded.paused_by
        """

    static let resume = """
        UPDATE task_queues
        SET paused_until = NULL
        WHERE queue IN (SELECT value FROM json_each(:queues)) AND julianday(paused_until) > julianday(:now)
        RETURNING CAST(queue AS BLOB)
        """

    // One that was put behind others in its line is looked at anew.
    static let hasten = """
        UPDATE tasks
        SET run_at = :now, lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING' AND julianday(run_at) > julianday(:now)
        RETURNING id
        """

    static let delete = """
        DELETE FROM tasks
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status <> 'PROCESSING'
        RETURNING id, CAST(lock_key AS BLOB), CAST(batch AS BLOB)
        """
}
