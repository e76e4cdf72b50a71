/// The statements a run needs.
///
/// Values are bound, never pasted; each is checked with EXPLAIN QUERY PLAN by a test.
enum SQLiteStatements {
    // A lane is one task name, queue and priority. These two step from lane to lane along the index `tasks_due` (a loose
    // index scan), one row each, however many rows a lane has. Two, because for `(queue, priority) > (?, ?)` SQLite goes
    // to the first row that is equal and reads all the equal ones.
    static let nextQueue = """
        SELECT queue, priority, julianday(run_at)
        FROM tasks
        WHERE status = 'WAITING' AND crashes = 0 AND task_name = :name AND queue > :queue
        ORDER BY queue, priority, julianday(run_at)
        LIMIT 1
        """

    static let nextPriority = """
        SELECT queue, priority, julianday(run_at)
        FROM tasks
        WHERE status = 'WAITING' AND crashes = 0 AND task_name = :name AND queue = :queue AND priority > :priority
        ORDER BY priority, julianday(run_at)
        LIMIT 1
        """

    static let headOfLane = """
        SELECT id, julianday(run_at)
        FROM tasks
        WHERE status = 'WAITING' AND crashes = 0 AND task_name = :name AND queue = :queue AND priority = :priority
            AND julianday(run_at) <= julianday(:now)
        ORDER BY julianday(run_at), id
        LIMIT :limit
        """

    // Few rows: those that were in hand when a run died.
    static let crashed = """
        SELECT id, priority, julianday(run_at)
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0 AND crashes BETWEEN :least AND :most
            AND task_name IN (SELECT value FROM json_each(:names))
            AND (:queues IS NULL OR queue IN (SELECT value FROM json_each(:queues)))
            AND julianday(run_at) <= julianday(:now)
        ORDER BY priority, julianday(run_at), id
        LIMIT :limit
        """

    // No SKIP LOCKED: SQLite has one writer, and the transaction around this is it.
    static let claim = """
        UPDATE tasks
        SET status = 'PROCESSING', attempts = attempts + 1, claim_no = claim_no + 1,
            lease_owner = :owner, lease_expires_at = :lease_end
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING'
        RETURNING id, claim_no, task_name, queue, CAST(data AS BLOB), attempts, max_attempts, timeout_seconds, crashes,
            priority, julianday(run_at)
        """

    static let delete = """
        DELETE FROM tasks
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let retry = """
        UPDATE tasks
        SET status = 'WAITING', run_at = :run_at, last_error = :error, crashes = 0, lease_owner = NULL, lease_expires_at = NULL
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let fail = """
        UPDATE tasks
        SET status = 'FAILED', last_error = :error, lease_owner = NULL, lease_expires_at = NULL
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    // A release without a wait leaves run_at as it is: the task keeps its place.
    static let release = """
        UPDATE tasks
        SET status = 'WAITING', attempts = max(attempts - 1, 0), run_at = coalesce(:run_at, run_at),
            last_error = coalesce(:error, last_error), lease_owner = NULL, lease_expires_at = NULL
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let renew = """
        UPDATE tasks
        SET lease_expires_at = :lease_end
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    // A claim without an end of its lease (made by hand) has all the time that the caller gives it.
    static let leaseLeft = """
        SELECT coalesce((julianday(lease_expires_at) - julianday(:now)) * 86400, 1e9)
        FROM tasks
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let owners = """
        SELECT DISTINCT lease_owner
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING' AND lease_owner IS NOT NULL
        """

    // What is in any run's hand is little, so the whole partial index is read.
    static let abandoned = """
        SELECT id, task_name, crashes, lease_owner, julianday(lease_expires_at),
            lease_owner IN (SELECT value FROM json_each(:dead))
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
            AND (
                julianday(lease_expires_at) <= julianday(:now)
                OR lease_owner IN (SELECT value FROM json_each(:dead))
                OR (julianday(lease_expires_at) IS NULL AND julianday(created_at) <= julianday(:lease_ago))
            )
        LIMIT 1000
        """

    static let takeOver = """
        UPDATE tasks
        SET status = :status, crashes = crashes + 1, last_error = :error, lease_owner = NULL, lease_expires_at = NULL
        WHERE id = :id AND status = 'PROCESSING'
        """

    static let held = """
        SELECT id, claim_no
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING' AND lease_owner = :owner
        """

    static let nextWaitingName = """
        SELECT min(task_name)
        FROM tasks
        WHERE status = 'WAITING' AND crashes = 0 AND task_name > :name
        """
}
