import Migrations

/// The statements of a run that waits for tasks.
enum WaitSQL {
    /// The channel on which the triggers of this table tell of tasks; no row where they are not installed.
    static let channel = Statement(
        "channel",
        """
        SELECT 'taskrun_' || tgrelid
        FROM pg_catalog.pg_trigger
        WHERE tgrelid = to_regclass('tasks') AND tgname = '\(NotifyScript.trigger)' AND tgenabled IN ('O', 'A')
        """
    )

    /// Whether any row is in hand.
    static let anyClaim = Statement(
        "any_claim",
        "SELECT EXISTS (SELECT FROM tasks WHERE status = 'PROCESSING')"
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

    private static func firstDue(queues: String?) -> String {
        let wanted =
            queues.map { "unnest($1::text[]) AS name (task_name) CROSS JOIN unnest(\($0)) AS queue (queue)" }
            ?? "unnest($1::text[]) AS name (task_name)"
        let columns = queues == nil ? "task_name" : "task_name, queue"
        let isSame = queues == nil ? "" : "AND tasks.queue = wanted.queue"
        let isNext =
            queues == nil
            ? "AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)"
            : "AND tasks.queue = lane.queue AND tasks.priority > lane.priority"
        return """
            WITH RECURSIVE wanted AS (
                SELECT DISTINCT \(columns) FROM \(wanted)
            ), lane AS (
                SELECT head.*
                FROM wanted CROSS JOIN LATERAL (
                    SELECT task_name, queue, priority, run_at
                    FROM tasks
                    WHERE tasks.task_name = wanted.task_name \(isSame) AND status = 'WAITING' AND crashes = 0
                    ORDER BY queue, priority, run_at, id
                    LIMIT 1
                ) AS head
                UNION ALL
                SELECT head.*
                FROM lane CROSS JOIN LATERAL (
                    SELECT task_name, queue, priority, run_at
                    FROM tasks
                    WHERE tasks.task_name = lane.task_name \(isNext) AND status = 'WAITING' AND crashes = 0
                    ORDER BY queue, priority, run_at, id
                    LIMIT 1
                ) AS head
            ), crashed AS (
                SELECT queue, run_at
                FROM tasks
                WHERE status = 'WAITING' AND crashes > 0 AND task_name = ANY ($1::text[])
                    \(queues.map { "AND queue = ANY (\($0))" } ?? "")
            ), first AS (
                SELECT queue, greatest(soonest.run_at, paused_until) AS moment
                FROM (SELECT queue, run_at FROM lane UNION ALL SELECT queue, run_at FROM crashed) AS soonest
                    LEFT JOIN task_queues USING (queue)
            )
            SELECT ceil(extract(epoch FROM min(moment) - clock_timestamp()) * 1000000)::bigint
            FROM first
            WHERE isfinite(moment)\(queues == nil ? " AND ($2::text IS NULL OR queue ~ $2::text)" : "")
            """
    }
}
