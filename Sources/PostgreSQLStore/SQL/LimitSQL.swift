/// The statements about limits of queues and names.
enum LimitSQL {
    /// All of them.
    static let all = Statement("limits", "SELECT kind, name, max_running, max_per_minute FROM ONLY task_limits")

    /// Keeps other runs from claiming within these limits until the transaction ends.
    ///
    /// Values: kinds, names.
    static let lock = Statement(
        "lock_limits",
        """
        SELECT
        FROM ONLY task_limits
        WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        ORDER BY kind, name
        FOR NO KEY UPDATE
        """
    )

    /// How many more may be begun; NULL: any number.
    ///
    /// What is in any run's hand is little, and all of it is read.
    ///
    /// A statement of its own, after the lock: it sees what the run before has claimed, and its moment is later than the moment of that.
    /// Values: kinds, names, now.
    static let quota = Statement(
        "quota",
        """
        SELECT min(least(
            max_running - (
                SELECT count(*)
                FROM ONLY tasks
                WHERE status = 'PROCESSING'
                    -- Not what claims to be in hand for longer than any run's lease: see RecoverSQL.cut.
                    AND lease_expires_at <= \(ClaimSQL.moment("$3")) + interval '1 day 1 minute'
                    AND CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END = task_limits.name
            ),
            max_per_minute - CASE WHEN \(isThisMinute("$3")) THEN begun ELSE 0 END
        ))::bigint
        FROM ONLY task_limits
        WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        """
    )

    /// Counts what was claimed.
    ///
    /// Values: kinds, names, now, how many.
    static let count = Statement(
        "count_begun",
        """
        UPDATE ONLY task_limits
        SET begun = CASE WHEN \(isThisMinute("$3")) THEN begun ELSE 0 END + $4::integer,
            minute_began = CASE WHEN \(isThisMinute("$3")) THEN minute_began ELSE \(ClaimSQL.moment("$3")) END
        WHERE (kind, name) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND max_per_minute IS NOT NULL
        """
    )

    /// A minute that began more than a minute from now is of a clock that was put back; one that begins sooner is this one, by a clock
    /// that was corrected by a little.
    private static func isThisMinute(_ now: String) -> String {
        """
        coalesce(minute_began BETWEEN \(ClaimSQL.moment(now)) - interval '1 minute' + interval '1 microsecond'
            AND \(ClaimSQL.moment(now)) + interval '1 minute', false)
        """
    }

    /// Sets a limit.
    ///
    /// Values: kind, name, most running, most in a minute.
    static let set = Statement(
        once: """
            INSERT INTO task_limits (kind, name, max_running, max_per_minute)
            VALUES ($1, $2, $3::integer, $4::integer)
            ON CONFLICT (kind, name) DO UPDATE
            SET max_running = excluded.max_running, max_per_minute = excluded.max_per_minute
            """
    )

    /// Removes a limit.
    ///
    /// Values: kind, name.
    static let remove = Statement(once: "DELETE FROM ONLY task_limits WHERE kind = $1 AND name = $2")
}
