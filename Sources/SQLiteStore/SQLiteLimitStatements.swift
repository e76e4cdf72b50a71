/// The statements about limits of queues and names.
enum SQLiteLimitStatements {
    static let all = "SELECT kind, CAST(name AS BLOB), max_running, max_per_minute FROM task_limits"

    // NULL: any number. What is in any run's hand is little, and all of it is read.
    static let quota = """
        SELECT max_running - (
                SELECT count(*)
                FROM tasks INDEXED BY tasks_lease
                WHERE status = 'PROCESSING'
                    -- Not what claims to be in hand for longer than any run's lease: see SQLiteStatements.cut.
                    AND julianday(lease_expires_at) <= julianday(:now, '+86460 seconds')
                    AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
            ),
            max_per_minute - CASE WHEN \(isThisMinute) THEN begun ELSE 0 END
        FROM task_limits
        WHERE kind = :kind AND name = :name
        """

    static let count = """
        UPDATE task_limits
        SET begun = CASE WHEN \(isThisMinute) THEN begun ELSE 0 END + :number,
            minute_began = CASE WHEN \(isThisMinute) THEN minute_began ELSE :now END
        WHERE kind = :kind AND name = :name AND max_per_minute IS NOT NULL
        """

    // A minute that began more than a minute from now is of a clock that was put back; one that begins sooner is this one, by a clock that
    // was corrected by a little.
    private static let isThisMinute = """
        coalesce(
            julianday(minute_began, '-60 seconds') <= julianday(:now)
                AND julianday(minute_began, '+60 seconds') > julianday(:now),
            0
        )
        """

    static let set = """
        INSERT INTO task_limits (kind, name, max_running, max_per_minute)
        VALUES (:kind, :name, :running, :per_minute)
        ON CONFLICT (kind, name) DO UPDATE
        SET max_running = excluded.max_running, max_per_minute = excluded.max_per_minute
        """

    static let remove = "DELETE FROM task_limits WHERE kind = :kind AND name = :name"
}
