extension SQLiteStore {
    /// Which rows a claim of plain tasks asks for, as SQL: those of the index `tasks_due`.
    public static var plainRows: String { SQLiteStatements.plain }
}

/// The statements a run needs.
///
/// Values are bound, never pasted; each is checked with EXPLAIN QUERY PLAN by a test.
enum SQLiteStatements {
    // A lane is one task name, queue and priority. These two go from lane to lane along the index `tasks_due`; who runs them ends
    // them where a lane has many rows, and begins behind it (a loose index scan): see `LaneScan`. Two, because for `(queue, priority) > (?, ?)` SQLite goes
    // to the first row that is equal and reads all the equal ones.
    //
    // Queues are stepped by their bytes, for text that is not UTF-8 would change on its way and be found again. `x''`
    // comes after every text and before every other blob. The last conditions hold for all rows that the table's checks
    // let in; of those that got past them, the ones without a place in the order are passed over.
    //
    // Rows with a lock key stand in an index of their own, `tasks_lock_open`, and are gone along in the same way.
    static let nextQueue = nextQueue(plain)
    static let nextKeyedQueue = nextQueue(keyed)
    static let nextPriority = nextPriority(plain)
    static let nextKeyedPriority = nextPriority(keyed)
    static let headOfLane = headOfLane(plain)
    static let headOfKeyedLane = headOfLane(keyed)
    static let nextWaitingName = nextWaitingName(plain)
    static let nextKeyedName = nextWaitingName(keyed)

    static let plain = "status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL"
    private static let keyed = "status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1"

    private static func nextQueue(_ kind: String) -> String {
        """
        SELECT CAST(queue AS BLOB), priority, julianday(run_at), id
        FROM tasks
        WHERE \(kind) AND task_name = :name
            AND queue > CAST(:queue AS TEXT) AND queue < x''
            AND priority BETWEEN -2147483648 AND 2147483647 AND julianday(run_at) IS NOT NULL
        ORDER BY queue, priority, julianday(run_at), id
        """
    }

    private static func nextPriority(_ kind: String) -> String {
        """
        SELECT CAST(queue AS BLOB), priority, julianday(run_at), id
        FROM tasks
        WHERE \(kind) AND task_name = :name AND queue = CAST(:queue AS TEXT)
            AND priority > :priority AND priority <= 2147483647 AND julianday(run_at) IS NOT NULL
        ORDER BY priority, julianday(run_at), id
        """
    }

    private static func headOfLane(_ kind: String) -> String {
        """
        SELECT id, julianday(run_at)
        FROM tasks
        WHERE \(kind) AND task_name = :name AND queue = CAST(:queue AS TEXT)
            AND priority = :priority AND julianday(run_at) <= julianday(:now)
        ORDER BY julianday(run_at), id
        LIMIT :limit
        """
    }

    // Few rows: those that were in hand when a run died.
    static let crashed = """
        SELECT id, CAST(priority AS REAL), julianday(run_at)
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0 AND crashes BETWEEN :least AND :most
            AND task_name IN (SELECT value FROM json_each(:names)) AND (lock_key IS NULL OR lock_place = 2)
            AND after_batch IS NULL
            AND (:queues IS NULL OR EXISTS (SELECT 1 FROM json_each(:queues) WHERE tasks.queue GLOB value))
            AND NOT EXISTS (SELECT 1 FROM json_each(:except) WHERE tasks.queue GLOB value)
            AND julianday(run_at) <= julianday(:now) AND \(isOpen)
        ORDER BY priority, julianday(run_at), id
        LIMIT :limit
        """

    private static let isOpen = """
        NOT EXISTS (
            SELECT 1 FROM task_queues AS q WHERE q.queue = tasks.queue AND julianday(q.paused_until) > julianday(:now)
        )
        """

    // Few; an empty table usually.
    static let pausedQueues = """
        SELECT CAST(queue AS BLOB)
        FROM task_queues INDEXED BY task_queues_paused
        WHERE paused_until IS NOT NULL AND julianday(paused_until) > julianday(:now)
        """

    // No SKIP LOCKED: SQLite has one writer, and the transaction around this is it. A number that cannot rise, or is none,
    // must not stop all other rows: attempts stays at the greatest there is, and the greatest claim number is followed by 1.
    static let claim = "\(take), CAST(task_name AS BLOB), CAST(queue AS BLOB), crashes, CAST(lock_key AS BLOB)"

    // Rows of one lane, without what they have in common.
    static let claimOfLane = take

    /// Ends the statement where the rows are more than are to be in memory at once; see `CSQLite.h`.
    static let fits = "taskrun_fits(data)"

    static let setBudget = "SELECT taskrun_budget(:bytes)"
    static let size = "SELECT length(CAST(data AS BLOB)) FROM tasks WHERE id = :id"

    private static let take = """
        UPDATE tasks
        SET status = 'PROCESSING', attempts = min(max(CAST(attempts AS INTEGER), 0), 2147483646) + 1,
            claim_no = max(CAST(claim_no AS INTEGER) % 4611686018427387904, 0) + 1,
            lease_owner = :owner, lease_expires_at = :lease_end
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING' AND \(fits)
            AND (expires_at IS NULL OR attempts > 0 OR julianday(expires_at) > julianday(:now))
        RETURNING id, claim_no, CAST(data AS BLOB), attempts, max_attempts, timeout_seconds, CAST(token AS BLOB),
            CAST(batch AS BLOB), cancel_requested_at IS NOT NULL
        """

    // In a transaction that is undone: whether the table lets these rows be claimed.
    static let claimTrial = """
        UPDATE tasks
        SET status = 'PROCESSING', attempts = min(max(CAST(attempts AS INTEGER), 0), 2147483646) + 1,
            claim_no = max(CAST(claim_no AS INTEGER) % 4611686018427387904, 0) + 1,
            lease_owner = :owner, lease_expires_at = :lease_end
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING'
        """

    static let schemaVersion = "PRAGMA schema_version"

    static let anyTrigger = """
        SELECT EXISTS (
            SELECT 1
            FROM sqlite_schema
            WHERE type = 'trigger' AND lower(tbl_name) = 'tasks' AND name NOT IN ('tasks_id_insert', 'tasks_id_update')
        )
        """

    static let countHeld = """
        SELECT count(*)
        FROM tasks
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'PROCESSING' AND lease_owner = :owner
            AND lease_expires_at IS NOT NULL
        """

    static let countFailed = """
        SELECT count(*)
        FROM tasks
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'FAILED'
        """

    static let delete = """
        DELETE FROM tasks
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let deleteAll = """
        DELETE FROM tasks
        WHERE id IN (SELECT value FROM json_each(:ids)) AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let retry = """
        UPDATE tasks
        SET status = 'WAITING', run_at = :run_at, last_error = :error, crashes = 0, postponed = 0, lease_owner = NULL, lease_expires_at = NULL,
            progress_done = NULL, progress_total = NULL, progress_note = NULL
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let fail = """
        UPDATE tasks
        SET status = 'FAILED', last_error = :error, lease_owner = NULL, lease_expires_at = NULL
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    // A release without a wait leaves run_at as it is: the task keeps its place. What asks for it in a circle waits for a second.
    static let release = """
        UPDATE tasks
        SET status = 'WAITING', attempts = min(max(CAST(attempts AS INTEGER) - 1, 0), 2147483647),
            run_at = CASE WHEN :is_asked AND postponed >= 2 THEN :least_run_at ELSE coalesce(:run_at, run_at) END,
            postponed = min(max(CAST(postponed AS INTEGER), 0) + :is_asked, 2147483647), last_error = coalesce(:error, CAST(last_error AS TEXT)),
            lease_owner = NULL, lease_expires_at = NULL, progress_done = NULL, progress_total = NULL, progress_note = NULL
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let renew = """
        UPDATE tasks
        SET lease_expires_at = :lease_end
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let isInHand = "SELECT 1 FROM tasks WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'"

    // A claim without an end of its lease (made by hand) has all the time that the caller gives it.
    static let leaseLeft = """
        SELECT coalesce((julianday(lease_expires_at) - julianday(:now)) * 86400, 1e9)
        FROM tasks
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let owners = """
        SELECT DISTINCT CAST(lease_owner AS BLOB)
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING' AND lease_owner IS NOT NULL
        """

    // What is in any run's hand is little, so the whole partial index is read.
    static let abandoned = """
        SELECT id, CAST(task_name AS BLOB), crashes, CAST(lease_owner AS BLOB), julianday(lease_expires_at),
            lease_owner IN (SELECT value FROM json_each(:dead)), CAST(lock_key AS BLOB), cancel_requested_at IS NOT NULL,
            CAST(batch AS BLOB)
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
            AND NOT EXISTS (
                SELECT 1 FROM task_stuck AS stuck WHERE stuck.task_id = tasks.id AND stuck.claim_no = tasks.claim_no
            )
            AND (
                julianday(lease_expires_at) <= julianday(:now)
                OR lease_owner IN (SELECT value FROM json_each(:dead))
                OR (julianday(lease_expires_at) IS NULL AND coalesce(julianday(created_at), 0) <= julianday(:lease_ago))
            )
        LIMIT 1000
        """

    // Ends of leases that no run can have set, and rows that have none and were created in the future.
    static let far = """
        SELECT id
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
            AND CASE
                WHEN julianday(lease_expires_at) IS NULL THEN julianday(created_at) > julianday(:now)
                WHEN lease_owner IN (SELECT value FROM json_each(:runs)) THEN julianday(lease_expires_at) > julianday(:far_of_run)
                ELSE julianday(lease_expires_at) > julianday(:far_of_other)
            END
        LIMIT 1000
        """

    // One lease length from now. A run that is alive all the same renews its lease as usual.
    static let cut = """
        UPDATE tasks
        SET lease_expires_at = :lease_end
        WHERE id IN (\(far)) AND (:id IS NULL OR id = :id)
        """

    static let takeOver = """
        UPDATE tasks
        SET status = :status, crashes = :crashes, last_error = :error, lease_owner = NULL, lease_expires_at = NULL,
            progress_done = NULL, progress_total = NULL, progress_note = NULL
        WHERE id = :id AND status = 'PROCESSING'
        """

    static let held = """
        SELECT id, claim_no, CAST(lock_key AS BLOB), CAST(batch AS BLOB)
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING' AND lease_owner = :owner
        """

    static let anyClaim = "SELECT 1 FROM tasks INDEXED BY tasks_lease WHERE status = 'PROCESSING' LIMIT 1"

    static let anyCrashed = """
        SELECT 1
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND julianday(run_at) <= julianday(:now) AND \(isOpen)
        LIMIT 1
        """

    // By their bytes, as the queues above.
    private static func nextWaitingName(_ kind: String) -> String {
        """
        SELECT CAST(task_name AS BLOB)
        FROM tasks
        WHERE \(kind) AND task_name > CAST(:name AS TEXT) AND task_name < x''
        ORDER BY task_name
        LIMIT 1
        """
    }

    static let crashedNames = """
        SELECT DISTINCT CAST(task_name AS BLOB)
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0 AND typeof(task_name) = 'text'
        LIMIT :limit
        """
}
