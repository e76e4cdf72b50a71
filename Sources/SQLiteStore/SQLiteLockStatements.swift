/// The statements about lock keys and about tasks that expire.
enum SQLiteLockStatements {
    static let anyOpen = """
        SELECT 1
        FROM tasks INDEXED BY tasks_lock_open
        WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
        LIMIT 1
        """

    // A retry that holds the key may go on; of the others the first that is due may, where nobody holds the key.
    static let isAllowed = """
        SELECT lock_place = 2
            OR NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2)
            AND id = (
                SELECT first.id
                FROM tasks AS first
                WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = tasks.lock_key
                    AND julianday(first.run_at) <= julianday(:now)
                    AND first.id NOT IN (SELECT value FROM json_each(:except))
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
            )
        FROM tasks
        WHERE id = :id
        """

    static let markBehind = """
        UPDATE tasks
        SET lock_place = 1
        WHERE id IN (SELECT value FROM json_each(:ids))
        """

    static let hold = """
        UPDATE tasks
        SET lock_place = 2
        WHERE id IN (SELECT value FROM json_each(:ids))
        """

    // Crashed rows keep the key: what they do when they run again is not known.
    static let free = """
        UPDATE tasks
        SET lock_place = 0
        WHERE id = :id AND claim_no = :claim_no AND lock_place = 2
            AND (status = 'FAILED' OR status = 'WAITING' AND crashes = 0)
        """

    static let freeFailed = """
        UPDATE tasks
        SET lock_place = 0
        WHERE id = :id AND status = 'FAILED'
        """

    // Of those behind the first that is due; one may have been put off by hand while it waited.
    static let promote = promote(":key")

    private static func promote(_ key: String) -> String {
        func first(_ condition: String) -> String {
            """
            (
                SELECT first.id
                FROM tasks AS first
                WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = \(key)
                    AND first.lock_place = 1\(condition)
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
            )
            """
        }
        return """
            UPDATE tasks
            SET lock_place = 0
            WHERE id = coalesce(\(first(" AND julianday(first.run_at) <= julianday(:now)")), \(first("")))
                AND NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = \(key) AND holder.lock_place = 2)
            """
    }

    static let keyOf = """
        SELECT CAST(lock_key AS BLOB)
        FROM tasks
        WHERE id = :id
        """

    // Rows that wait behind others; one whose key was taken away by hand does not.
    private static let behind = """
        tasks INDEXED BY tasks_lock_behind WHERE status = 'WAITING' AND lock_place = 1 AND lock_key IS NOT NULL
        """

    // Behind others, or left without the key by somebody's hand: see ``crashedWithoutKey``.
    static let anyBehind = """
        SELECT 1
        WHERE EXISTS (SELECT 1 FROM \(behind))
            OR EXISTS (
                SELECT 1
                FROM tasks INDEXED BY tasks_crashed
                WHERE status = 'WAITING' AND crashes > 0 AND lock_key IS NOT NULL AND lock_place <> 2
            )
        """

    // Rows whose runs died hold their key, and are claimed with it only. One that was sent back by hand, its crashes as they were,
    // has none.
    static let crashedWithoutKey = """
        SELECT id
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0 AND lock_key IS NOT NULL AND lock_place <> 2
        ORDER BY crashes, priority, julianday(run_at), id
        LIMIT :limit
        """

    static let holdCrashed = """
        UPDATE tasks
        SET lock_place = 2
        WHERE id = :id
            AND NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2)
        """

    // What is FAILED, or was never claimed, holds no key, but by hand.
    static let freeFailedHolder = """
        UPDATE tasks
        SET lock_place = 0
        WHERE lock_place = 2 AND lock_key = (SELECT lock_key FROM tasks WHERE id = :id)
            AND (status = 'FAILED' OR status = 'WAITING' AND claim_no = 0 AND crashes = 0)
        """

    static let spanBehind = """
        SELECT (SELECT min(id) FROM \(behind)), (SELECT max(id) FROM \(behind))
        """

    // Keys with rows behind that nothing will ever lead on: no holder, and none that is to be looked at.
    static let deserted = """
        WITH some AS MATERIALIZED (
            SELECT id, lock_key
            FROM \(behind) AND id >= :id
            ORDER BY id
            LIMIT :limit
        )
        SELECT min(id)
        FROM some
        WHERE NOT EXISTS (
                SELECT 1
                FROM tasks AS holder
                WHERE holder.lock_key = some.lock_key AND holder.lock_place = 2 AND holder.status <> 'FAILED'
                    AND NOT (holder.status = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
            )
            AND NOT EXISTS (
                SELECT 1
                FROM tasks AS open
                WHERE open.status = 'WAITING' AND open.lock_key IS NOT NULL AND open.lock_key = some.lock_key
                    AND open.lock_place = 0 AND open.crashes = 0 AND julianday(open.run_at) <= julianday(:now)
            )
        GROUP BY lock_key
        """

    static let promoteKeyOf = promote("(SELECT lock_key FROM tasks WHERE id = :id)")

    static let anyExpired = """
        SELECT 1
        FROM tasks INDEXED BY tasks_expiry
        WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
            AND julianday(expires_at) <= julianday(:now)
        LIMIT 1
        """

    static let expire = """
        UPDATE tasks
        SET status = 'FAILED', lock_place = 0,
            last_error = 'expired: not begun by ' || strftime('%Y-%m-%d %H:%M:%S', expires_at) || ' UTC'
        WHERE id IN (
            SELECT id
            FROM tasks INDEXED BY tasks_expiry
            WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
                AND julianday(expires_at) <= julianday(:now)
                AND id NOT IN (SELECT value FROM json_each(:except))
            ORDER BY julianday(expires_at)
            LIMIT :limit
        )
        RETURNING id, CAST(task_name AS BLOB), CAST(lock_key AS BLOB), token IS NOT NULL
        """

    // The rows that ``expire`` would look at.
    static let late = """
        SELECT id
        FROM tasks INDEXED BY tasks_expiry
        WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
            AND julianday(expires_at) <= julianday(:now)
            AND id NOT IN (SELECT value FROM json_each(:except))
        ORDER BY julianday(expires_at)
        LIMIT :limit
        """

    // In a transaction that is undone: whether the table lets these rows become FAILED.
    static let expiryTrial = """
        UPDATE tasks
        SET status = 'FAILED', lock_place = 0, last_error = 'expired: not begun'
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING'
        """
}
