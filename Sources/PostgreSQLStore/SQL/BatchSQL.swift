/// The statements about batches and the tasks that wait for them.
///
/// Whoever ends tasks of a batch that somebody waits for holds the batch's row in `task_batches` until the end of the
/// transaction, and looks for open tasks in a statement behind the one that took it. So of two transactions that end the
/// last two tasks the later one sees that nothing is left.
enum BatchSQL {
    /// Counts ends, of batches that a task waits for; locks their rows in the order of their names.
    ///
    /// Values: batches, completed, cancelled.
    static let count = Statement(
        "batch_count",
        """
        INSERT INTO task_batches (batch, complete, cancelled)
        SELECT ended.batch, ended.complete, ended.cancelled
        FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS ended (batch, complete, cancelled)
        WHERE EXISTS (
            SELECT FROM ONLY tasks WHERE after_batch = ended.batch AND after_batch IS NOT NULL AND status = 'WAITING'
        )
        ORDER BY ended.batch COLLATE "C"
        ON CONFLICT (batch) DO UPDATE
        SET complete = task_batches.complete + excluded.complete,
            cancelled = task_batches.cancelled + excluded.cancelled
        """
    )

    /// The tasks that wait for batches of which no task is open any more; one that somebody has locked is passed over.
    ///
    /// Values: batches.
    static let over = Statement(
        "batch_over",
        """
        SELECT tasks.id, tasks.data, counts.batch, counts.complete, counts.cancelled
        \(waiting)
        -- + 0: with the table empty when this is planned, all rows in the order of the primary key look as cheap.
        ORDER BY tasks.id + 0
        FOR NO KEY UPDATE OF tasks SKIP LOCKED
        """
    )

    /// How many tasks wait for batches of which no task is open any more: more than were locked, if another transaction has one locked.
    ///
    /// Values: batches.
    static let anyOver = Statement("batch_any_over", "SELECT count(*) \(waiting)")

    private static let waiting = """
        FROM pg_catalog.unnest($1::text[]) AS asked (batch)
            JOIN ONLY task_batches AS counts ON counts.batch = asked.batch
            JOIN ONLY tasks ON tasks.after_batch = counts.batch
        WHERE tasks.after_batch IS NOT NULL AND tasks.status = 'WAITING' AND \(isOver("counts.batch"))
        """

    /// How many tasks of these batches are FAILED.
    ///
    /// Values: batches.
    static let failed = Statement(
        "batch_failed",
        """
        SELECT batch, count(*)
        FROM ONLY tasks
        WHERE batch IS NOT NULL AND batch = ANY ($1::text[]) AND status = 'FAILED'
        GROUP BY batch
        """
    )

    /// Makes tasks due that have waited long enough.
    ///
    /// Values: ids, payloads, now.
    static let release = Statement(
        "batch_release",
        """
        UPDATE ONLY tasks
        SET after_batch = NULL, data = free.data::json, run_at = greatest(run_at, \(ClaimSQL.moment("$3")))
        FROM unnest($1::bigint[], $2::text[]) AS free (id, data)
        WHERE \(Probe.row("free.id"))
        """
    )

    /// Forgets the counts of batches that nobody waits for any more.
    ///
    /// Values: batches.
    static let forget = Statement(
        "batch_forget",
        """
        DELETE FROM ONLY task_batches
        WHERE batch = ANY ($1::text[]) AND \(isDeserted)
        """
    )

    /// Batches that have no open task and for which a task waits, in the order of their bytes.
    ///
    /// Values: the batch before the first one, empty for the start; limit.
    static let ended = Statement(
        "batch_ended",
        """
        SELECT waits.after_batch
        FROM (
            SELECT DISTINCT after_batch
            FROM ONLY tasks
            WHERE after_batch IS NOT NULL AND after_batch > $1::text AND status = 'WAITING'
        ) AS waits
        WHERE \(isOver("waits.after_batch"))
        ORDER BY waits.after_batch
        LIMIT $2::integer
        """
    )

    /// Whether any task waits for a batch, or counts are left.
    static let anyWaits = Statement(
        "batch_any_waits",
        """
        SELECT EXISTS (SELECT FROM ONLY tasks WHERE after_batch IS NOT NULL AND status = 'WAITING')
            OR EXISTS (SELECT FROM ONLY task_batches)
        """
    )

    /// Whether there are counts that nobody waits for: who did is gone.
    static let anyDeserted = Statement(
        "batch_any_deserted",
        "SELECT EXISTS (SELECT FROM ONLY task_batches WHERE \(isDeserted))"
    )

    /// Locks the counts that nobody waits for; whoever counts at this moment has somebody who waits.
    ///
    /// What they return is forgotten by the next statement, which looks again who waits.
    static let deserted = Statement(
        "batch_deserted",
        "SELECT batch FROM ONLY task_batches WHERE \(isDeserted) FOR UPDATE SKIP LOCKED"
    )

    private static let isDeserted = """
        NOT EXISTS (
            SELECT FROM ONLY tasks
            WHERE after_batch = task_batches.batch AND after_batch IS NOT NULL AND status = 'WAITING'
        )
        """

    /// No task of a batch is open.
    ///
    /// The youngest are looked at first: they are the last to be claimed, and what is left in the index of those that
    /// are gone stands before them.
    private static func isOver(_ batch: String) -> String {
        ["WAITING", "PROCESSING"].map { status in
            """
            NOT EXISTS (
                SELECT FROM (
                    SELECT id
                    FROM ONLY tasks AS open
                    WHERE open.batch IS NOT NULL AND open.batch = \(batch) AND open.status = '\(status)'
                    ORDER BY open.batch DESC, open.status DESC, open.id DESC
                    LIMIT 1
                ) AS last
            )
            """
        }.joined(separator: " AND ")
    }
}
