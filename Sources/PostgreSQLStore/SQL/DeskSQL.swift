/// The statements for people: look, send back, remove.
enum DeskSQL {
    /// All columns of a row, moments in microseconds since 2000; an infinite one is nothing a person could read.
    static let columns = columns(data: "data")

    /// The same without the payload, which may be large and is read from elsewhere on the disk.
    static let columnsWithoutData = columns(data: "''")

    private static func columns(data: String) -> String {
        """
        id, task_name, \(microseconds("created_at")), \(data), status, queue, priority, \(microseconds("run_at")),
        attempts, max_attempts, timeout_seconds, lease_owner, \(microseconds("lease_expires_at")), claim_no, crashes,
        last_error, dedupe_key, lock_key, lock_place, \(microseconds("expires_at")),
        token, progress_done, progress_total, progress_note, \(microseconds("cancel_requested_at")), batch, after_batch,
        postponed
        """
    }

    /// One row.
    ///
    /// Value: id.
    static let show = Statement("show", "SELECT \(columns) FROM ONLY tasks WHERE id = $1::bigint")

    /// The counts by queue, name and state.
    static let lines = Statement(
        once: """
            SELECT queue, task_name, status, count(*),
                count(*) FILTER (WHERE \(isDue)),
                \(microseconds("min(run_at) FILTER (WHERE \(isDue))"))
            FROM ONLY tasks
            GROUP BY queue, task_name, status
            ORDER BY queue, task_name, status
            """
    )

    private static let isDue = "status = 'WAITING' AND run_at <= now() AND after_batch IS NULL"

    /// Who holds leases.
    static let holders = Statement(
        once: """
            SELECT lease_owner, count(*), \(microseconds("min(lease_expires_at)"))
            FROM ONLY tasks
            WHERE status = 'PROCESSING'
            GROUP BY lease_owner
            ORDER BY lease_owner NULLS LAST
            """
    )

    /// The queues that are paused.
    static let paused = Statement(
        once: """
            SELECT queue, \(microseconds("paused_until")), \(microseconds("paused_at")), paused_why, paused_by
            FROM ONLY task_queues
            WHERE paused_until > now()
            ORDER BY queue
            """
    )

    /// Pauses a queue.
    ///
    /// Values: queue, seconds or NULL, why, who.
    static let pause = Statement(
        once: """
            INSERT INTO task_queues (queue, paused_until, paused_why, paused_by)
            VALUES ($1, \(pauseEnd), $3, $4)
            ON CONFLICT (queue) DO UPDATE
            -- Anew: the row may have been waited for.
            SET paused_until = \(pauseEnd), paused_at = clock_timestamp(), paused_why = excluded.paused_why,
                paused_by = excluded.paused_by
            """
    )

    private static let pauseEnd = """
        coalesce(clock_timestamp() + make_interval(secs => $2::double precision), 'infinity')
        """

    /// Resumes queues; whether a pause was over is only told, so its moment may be the transaction's.
    ///
    /// Value: queues.
    static let resume = Statement(
        once: """
            WITH asked AS (
                SELECT queue, paused_until > now() AS was_paused
                FROM ONLY task_queues
                WHERE queue = ANY ($1::text[]) AND paused_until IS NOT NULL
                ORDER BY queue
                FOR NO KEY UPDATE
            ), changed AS (
                UPDATE ONLY task_queues SET paused_until = NULL FROM asked WHERE task_queues.queue = asked.queue
            )
            SELECT queue FROM asked WHERE was_paused ORDER BY queue
            """
    )

    /// Locks the FAILED rows among these, and says which may have equals.
    ///
    /// Value: ids.
    static let retryThese = Statement("retry_these", failed("id = ANY ($1::bigint[])", limit: "ALL"))

    /// Locks the next FAILED rows.
    ///
    /// Values: the last id that was looked at, name or NULL, limit.
    static let retryNext = Statement(
        "retry_next",
        failed("id > $1::bigint AND ($2::text IS NULL OR task_name = $2::text)", limit: "$3::integer")
    )

    private static func failed(_ condition: String, limit: String) -> String {
        """
        SELECT id, dedupe_key IS NOT NULL
        FROM ONLY tasks
        WHERE status = 'FAILED' AND \(condition)
        ORDER BY id
        LIMIT \(limit)
        FOR NO KEY UPDATE
        """
    }

    /// Sends FAILED rows back, which are locked: of equal ones the newest, if none waits; the others stay as they are.
    ///
    /// Behind the statement that waits for the rows, so that its moment is not before that. Value: ids.
    static let retry = Statement(
        "retry",
        """
        WITH own AS MATERIALIZED (
            SELECT tasks.id, task_name, dedupe_key
            FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) JOIN ONLY tasks ON \(Probe.row("chosen.id")) AND tasks.status || '' = 'FAILED'
        ), fit AS MATERIALIZED (
            SELECT id FROM own WHERE dedupe_key IS NULL
            UNION ALL
            SELECT id
            FROM (
                SELECT id, task_name, dedupe_key, row_number() OVER (PARTITION BY task_name, dedupe_key ORDER BY id DESC) AS no
                FROM own
                WHERE dedupe_key IS NOT NULL
            ) AS ranked
            -- Looked up row by row, not joined: a plan made for an empty table would go through all that have a key for each.
            WHERE no = 1 AND (
                SELECT equal.id
                FROM ONLY tasks AS equal
                WHERE equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
                    AND equal.task_name = ranked.task_name AND equal.dedupe_key = ranked.dedupe_key
                LIMIT 1
            ) IS NULL
        )
        UPDATE ONLY tasks
        SET status = 'WAITING',
            -- The moment of the transaction: the notify trigger compares with it.
            run_at = now(),
            attempts = 0,
            crashes = 0,
            postponed = 0,
            -- Where it was made FAILED by hand it may stand behind others, and is looked at anew.
            lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END,
            expires_at = CASE WHEN expires_at > statement_timestamp() THEN expires_at END,
            lease_owner = NULL,
            lease_expires_at = NULL,
            progress_done = NULL,
            progress_total = NULL,
            progress_note = NULL,
            cancel_requested_at = NULL
        FROM fit
        WHERE \(Probe.row("fit.id")) AND tasks.status = 'FAILED'
        RETURNING tasks.id, tasks.token
        """
    )

    /// Removes the results with these tokens: their tasks are WAITING again.
    ///
    /// Value: tokens.
    static let dropResults = Statement(
        "drop_results",
        "DELETE FROM ONLY task_results WHERE token IN (SELECT pg_catalog.unnest($1::text[]))"
    )

    /// Which of these numbers are in the table.
    ///
    /// Value: ids.
    static let there = Statement(
        "there",
        "SELECT tasks.id FROM pg_catalog.unnest($1::bigint[]) AS asked (id) JOIN ONLY tasks ON \(Probe.row("asked.id"))"
    )

    /// Makes rows due that wait for later; one that was put behind others in its line is looked at anew.
    ///
    /// Where a row is waited for it becomes due as of before, so the moment may be the transaction's. Value: ids.
    static let hasten = Statement(
        "hasten",
        """
        UPDATE ONLY tasks
        SET run_at = now(), lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END
        FROM (SELECT id FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) ORDER BY id) AS chosen
        WHERE \(Probe.row("chosen.id")) AND tasks.status || '' = 'WAITING' AND tasks.run_at > now()
        RETURNING tasks.id
        """
    )

    /// Removes rows that are in nobody's hand.
    ///
    /// Value: ids.
    static let delete = Statement(
        "delete",
        """
        DELETE FROM ONLY tasks
        USING (SELECT id FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) ORDER BY id) AS chosen
        WHERE \(Probe.row("chosen.id")) AND tasks.status <> 'PROCESSING'
        RETURNING tasks.id, tasks.batch
        """
    )

    /// The lock keys of these rows.
    ///
    /// Value: ids.
    static let lockKeys = Statement(
        "lock_keys_of",
        """
        SELECT DISTINCT tasks.lock_key
        FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) JOIN ONLY tasks ON \(Probe.row("chosen.id"))
        WHERE (tasks.lock_key || '') IS NOT NULL
        """
    )

    /// The row that waits with a name and `dedupe_key`.
    ///
    /// Values: name, key.
    static let equal = Statement(
        "equal",
        """
        SELECT id
        FROM ONLY tasks
        WHERE status = 'WAITING' AND dedupe_key IS NOT NULL AND task_name = $1 AND dedupe_key = $2
        """
    )

    /// A moment as whole microseconds since 2000, as the server keeps it; NULL for an infinite one.
    ///
    /// Since 1970 the last ones that the server knows would be more than fit in.
    static func microseconds(_ moment: String) -> String {
        """
        CASE WHEN isfinite(\(moment))
            THEN ((extract(epoch FROM \(moment)) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
        END
        """
    }
}
