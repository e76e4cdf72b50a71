import Migrations

/// The statements of a run that waits for tasks.
enum WaitSQL {
    /// The channel on which the triggers of this table tell of tasks; no row where they are not installed.
    static let channel = Statement(
        "channel",
        """
        SELECT 'taskrun_' || tgrelid::text
        FROM pg_catalog.pg_trigger
        WHERE tgrelid = to_regclass('tasks')::oid AND tgname = '\(NotifyScript.trigger)' AND tgenabled IN ('O', 'A')
        """
    )

    /// What tells these tables from all others: the server's, the database's and the table's numbers.
    static let tables = Statement(
        "tables",
        """
        SELECT pg_catalog.concat_ws(' ', system_identifier, oid, to_regclass('tasks')::oid)
        FROM pg_control_system(), pg_database
        WHERE datname = current_database()
        """
    )

    /// Whether any row is in hand, whether nothing may be written, and whether that is because the server is a standby.
    static let anyClaim = Statement(
        "any_claim",
        """
        SELECT EXISTS (SELECT FROM ONLY tasks WHERE status = 'PROCESSING'),
            current_setting('transaction_read_only')::boolean, pg_is_in_recovery()
        """
    )

    /// In how many microseconds the first row of these names is due: zero or less for now, NULL where none waits.
    ///
    /// As the claim it steps from lane to lane, and reads one row of each. Rows of a paused queue are not due before its end.
    /// Values: names, a regular expression for the queues or NULL.
    static let firstDue = Statement("first_due", firstDue(queues: nil))

    /// The same for these queues only.
    ///
    /// Values: names, queues.
    static let firstDueOfQueues = Statement("first_due_of_queues", firstDue(queues: "$2::text[]"))

    /// Whether any row of these names is due: as the one above, but it ends at the first one that is found.
    ///
    /// Values: names, a regular expression for the queues or NULL.
    static let anyDue = Statement("any_due", anyDue(queues: nil))

    /// The same for these queues only.
    ///
    /// Values: names, queues.
    static let anyDueOfQueues = Statement("any_due_of_queues", anyDue(queues: "$2::text[]"))

    private static func firstDue(queues: String?) -> String {
        """
        \(waiting(queues: queues)), first AS (
            SELECT queue, greatest(waiting.run_at, paused_until) AS moment
            FROM waiting LEFT JOIN ONLY task_queues USING (queue)
        )
        SELECT CASE
                WHEN \(isCut) THEN 0
                ELSE ceil(extract(epoch FROM min(moment) - clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint
            END
        FROM (
            SELECT moment
            FROM first
            WHERE isfinite(moment)\(isWanted(queues))
            UNION ALL
            SELECT expires_at FROM expiring
        ) AS soonest
        """
    }

    private static func anyDue(queues: String?) -> String {
        """
        \(waiting(queues: queues))
        SELECT EXISTS (
            SELECT FROM waiting
            WHERE run_at <= now() AND \(ClaimSQL.isOpen("waiting.queue", "NULL"))\(isWanted(queues))
        ) OR EXISTS (SELECT FROM expiring WHERE expires_at <= now()) OR \(isCut)
        """
    }

    /// So many lanes one look reads.
    ///
    /// Where there are more, a claim has to find out: it goes on where it ended.
    private static let laneLimit = 5000

    private static let isCut = """
        (SELECT count(*) FROM seen_lane) >= \(laneLimit) OR (SELECT count(*) FROM seen_keyed) >= \(laneLimit)
        """

    private static func isWanted(_ queues: String?) -> String {
        queues == nil ? " AND ($2::text IS NULL OR queue ~ $2::text)" : ""
    }

    /// The first rows of all lanes, as `waiting`, and the first one that will expire.
    private static func waiting(queues: String?) -> String {
        let wanted =
            queues.map {
                "pg_catalog.unnest($1::text[]) AS name (task_name) CROSS JOIN pg_catalog.unnest(\($0)) AS queue (queue)"
            }
            ?? "pg_catalog.unnest($1::text[]) AS name (task_name)"
        let columns = queues == nil ? "task_name" : "task_name, queue"
        let isSame = queues == nil ? "" : "AND tasks.queue = wanted.queue"
        let isNext =
            queues == nil
            ? "AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)"
            : "AND tasks.queue = lane.queue AND tasks.priority > lane.priority"
        func lane(_ name: String, _ kind: String) -> String {
            """
            \(name) AS (
                SELECT head.*
                FROM wanted CROSS JOIN LATERAL (
                    SELECT task_name, queue, priority, run_at
                    FROM ONLY tasks
                    WHERE tasks.task_name = wanted.task_name \(isSame) AND \(kind)
                    ORDER BY queue, priority, run_at, id
                    LIMIT 1
                ) AS head
                UNION ALL
                SELECT head.*
                FROM \(name) AS lane CROSS JOIN LATERAL (
                    SELECT task_name, queue, priority, run_at
                    FROM ONLY tasks
                    WHERE tasks.task_name = lane.task_name \(isNext) AND \(kind)
                    ORDER BY queue, priority, run_at, id
                    LIMIT 1
                ) AS head
            )
            """
        }
        return """
            WITH RECURSIVE wanted AS (
                SELECT DISTINCT \(columns) FROM \(wanted)
            ), \(lane("lane", ClaimSQL.plain)), \(lane("keyed", LockSQL.keyed)), crashed AS (
                SELECT queue, run_at
                FROM ONLY tasks
                WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND task_name = ANY ($1::text[])
                    \(queues.map { "AND queue = ANY (\($0))" } ?? "")
            ), expiring AS (
                SELECT expires_at
                FROM ONLY tasks
                WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
                ORDER BY expires_at
                LIMIT 1
            ), seen_lane AS MATERIALIZED (
                SELECT queue, run_at FROM lane LIMIT \(laneLimit)
            ), seen_keyed AS MATERIALIZED (
                SELECT queue, run_at FROM keyed LIMIT \(laneLimit)
            ), waiting AS (
                SELECT queue, run_at FROM seen_lane
                UNION ALL SELECT queue, run_at FROM seen_keyed
                UNION ALL SELECT queue, run_at FROM crashed
            )
            """
    }
}
