/// The statements about tokens, results, progress and wishes to cancel.
enum ResultSQL {
    static let columns = """
        token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
        progress_note, data_hash, created_at, started_at, finished_at, expires_at
        """

    /// A later task with the same token puts its result in the place of the earlier one's.
    static let replace = """
        ON CONFLICT (token) DO UPDATE
        SET (
            task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
            progress_note, data_hash, created_at, started_at, finished_at, expires_at
        ) = (
            excluded.task_id, excluded.task_name, excluded.state, excluded.result, excluded.result_bytes,
            excluded.result_size, excluded.error, excluded.progress_done, excluded.progress_total,
            excluded.progress_note, excluded.data_hash, excluded.created_at, excluded.started_at,
            excluded.finished_at, excluded.expires_at
        )
        """

    /// Leaves results, before the rows are settled by the same transaction; the rows are locked, so that what is written
    /// here is true when it ends.
    ///
    /// Values: ids, claim numbers, states, results as text, results as bytes, sizes, errors, whether progress is given,
    /// done, total, note, hashes, seconds since the begin, seconds to keep, now.
    static let keep = Statement(
        "result_keep",
        """
        INSERT INTO task_results (\(columns))
        SELECT tasks.token, tasks.id, tasks.task_name, kept.state, kept.result, kept.bytes, kept.size, kept.error,
            CASE WHEN kept.is_noted THEN kept.done ELSE tasks.progress_done END,
            CASE WHEN kept.is_noted THEN kept.total ELSE tasks.progress_total END,
            CASE WHEN kept.is_noted THEN kept.note ELSE tasks.progress_note END,
            kept.hash, tasks.created_at, \(ClaimSQL.moment("$15")) - make_interval(secs => kept.since),
            \(ClaimSQL.moment("$15")), \(ClaimSQL.moment("$15")) + make_interval(secs => kept.keep)
        FROM unnest(
                $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::text[], $8::boolean[],
                $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::double precision[], $14::double precision[]
            ) AS kept (
                id, claim_no, state, result, bytes, size, error, is_noted, done, total, note, hash, since, keep
            )
            JOIN ONLY tasks ON \(Probe.row("kept.id")) AND tasks.claim_no = kept.claim_no AND \(Probe.isInHand)
        WHERE \(Probe.hasToken)
        FOR NO KEY UPDATE OF tasks
        \(replace)
        """
    )

    /// Removes rows that are WAITING and were to be cancelled, leaves their results, and tells which, in two columns: those
    /// that settle tell theirs in one.
    ///
    /// Values: ids, seconds to keep, now.
    static let removeCancelled = Statement(
        "result_remove_cancelled",
        """
        WITH gone AS (
            DELETE FROM ONLY tasks
            USING unnest($1::bigint[], $2::double precision[]) AS asked (id, keep)
            WHERE \(Probe.row("asked.id")) AND tasks.status || '' = 'WAITING' AND tasks.cancel_requested_at IS NOT NULL
            RETURNING tasks.token, tasks.id, tasks.task_name, tasks.progress_done, tasks.progress_total,
                tasks.progress_note, tasks.created_at, asked.keep, tasks.batch
        ), counted AS (
            INSERT INTO task_batches (batch, cancelled)
            SELECT batch, count(*)
            FROM gone
            WHERE batch IS NOT NULL AND EXISTS (
                SELECT FROM ONLY tasks WHERE after_batch = gone.batch AND after_batch IS NOT NULL AND status = 'WAITING'
            )
            GROUP BY batch
            ORDER BY batch
            ON CONFLICT (batch) DO UPDATE SET cancelled = task_batches.cancelled + excluded.cancelled
        ), kept AS (
            INSERT INTO task_results (\(columns))
            SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, NULL, progress_done, progress_total, progress_note,
                NULL, created_at, NULL, \(ClaimSQL.moment("$3")),
                \(ClaimSQL.moment("$3")) + make_interval(secs => keep)
            FROM gone
            WHERE token IS NOT NULL
            \(replace)
        )
        SELECT id, 'CANCELLED' FROM gone
        """
    )

    /// Leaves results of rows that became FAILED although no handler ended: their runs died too often.
    ///
    /// Values: ids, seconds to keep, now.
    static let keepFailed = Statement(
        "result_keep_failed",
        """
        INSERT INTO task_results (\(columns))
        SELECT tasks.token, tasks.id, tasks.task_name, 'FAILED', NULL, NULL, 0, tasks.last_error, tasks.progress_done,
            tasks.progress_total, tasks.progress_note, NULL, tasks.created_at, NULL, \(ClaimSQL.moment("$3")),
            \(ClaimSQL.moment("$3")) + make_interval(secs => failed.keep)
        FROM unnest($1::bigint[], $2::double precision[]) AS failed (id, keep)
            JOIN ONLY tasks ON \(Probe.row("failed.id")) AND tasks.status = 'FAILED'
        WHERE \(Probe.hasToken)
        \(replace)
        """
    )

    /// Writes progress down, but not of rows that are locked: tells which.
    ///
    /// Values: ids, claim numbers, done, total, notes.
    static let progress = Statement(
        "result_progress",
        """
        WITH free AS (
            SELECT tasks.id, said.done, said.total, said.note
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
                    AS said (id, claim_no, done, total, note)
                JOIN ONLY tasks ON \(Probe.row("said.id")) AND tasks.claim_no = said.claim_no
            WHERE \(Probe.isInHand)
            FOR NO KEY UPDATE OF tasks SKIP LOCKED
        ), written AS (
            UPDATE ONLY tasks
            SET progress_done = free.done, progress_total = free.total, progress_note = free.note
            FROM free
            WHERE \(Probe.row("free.id"))
        )
        SELECT tasks.id, tasks.claim_no
        FROM unnest($1::bigint[], $2::bigint[]) AS said (id, claim_no)
            JOIN ONLY tasks ON \(Probe.row("said.id")) AND tasks.claim_no = said.claim_no
        WHERE \(Probe.isInHand) AND tasks.id NOT IN (SELECT id FROM free)
        """
    )

    /// Which claims somebody has asked to cancel.
    ///
    /// Values: ids, claim numbers.
    static let cancelRequests = Statement(
        "result_cancel_requests",
        """
        SELECT tasks.id, tasks.claim_no
        FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
            JOIN ONLY tasks ON \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no AND \(Probe.isInHand)
        WHERE tasks.cancel_requested_at IS NOT NULL
            OR EXISTS (
                SELECT FROM ONLY task_cancels AS asked
                WHERE asked.task_id = tasks.id AND asked.claim_no = tasks.claim_no
            )
        """
    )

    /// Asks for the cancellation of a task whose row is locked: its SQL file is running.
    ///
    /// Value: id.
    static let requestCancelBeside = Statement(
        "result_request_cancel_beside",
        """
        WITH old AS (
            DELETE FROM ONLY task_cancels
            WHERE asked_at < now() - interval '1 day' AND task_id <> $1::bigint
        )
        INSERT INTO task_cancels (task_id, claim_no)
        SELECT id, claim_no
        FROM ONLY tasks
        WHERE \(Probe.row("$1::bigint")) AND tasks.status || '' = 'PROCESSING'
        ON CONFLICT (task_id) DO UPDATE SET claim_no = excluded.claim_no, asked_at = excluded.asked_at
        RETURNING task_id
        """
    )

    /// Asks for a cancellation.
    ///
    /// Value: id.
    static let requestCancel = Statement(
        "result_request_cancel",
        """
        UPDATE ONLY tasks
        SET cancel_requested_at = coalesce(cancel_requested_at, now())
        WHERE \(Probe.row("$1::bigint")) AND tasks.status <> 'FAILED'
        RETURNING tasks.id, tasks.status = 'WAITING', tasks.lock_key, tasks.batch, tasks.task_name
        """
    )

    /// The numbers of the tasks with these tokens.
    ///
    /// Values: tokens.
    static let ids = Statement(
        "result_ids",
        """
        SELECT tasks.token, tasks.id
        FROM pg_catalog.unnest($1::text[]) AS asked (token) JOIN ONLY tasks ON tasks.token = asked.token
        WHERE tasks.token IS NOT NULL
        """
    )

    /// Whether results wait to be removed.
    static let anyExpired = Statement(
        "result_any_expired",
        "SELECT EXISTS (SELECT FROM ONLY task_results WHERE expires_at <= now())"
    )

    /// Removes results whose time is over; those that somebody has locked are left for the next time.
    ///
    /// Values: limit, now.
    static let prune = Statement(
        "result_prune",
        """
        DELETE FROM ONLY task_results
        USING (
            SELECT token
            FROM ONLY task_results
            WHERE expires_at <= \(ClaimSQL.moment("$2"))
            ORDER BY expires_at
            LIMIT $1::integer
            FOR UPDATE SKIP LOCKED
        ) AS old
        WHERE task_results.token = old.token
        """
    )

    /// The rows with these tokens.
    ///
    /// Values: tokens.
    static let rows = Statement(
        "result_rows",
        """
        SELECT \(DeskSQL.columns)
        FROM ONLY tasks
        WHERE token IN (SELECT pg_catalog.unnest($1::text[])) AND token IS NOT NULL
        """
    )

    /// The results with these tokens whose time is not over, bytes as hexadecimal digits.
    ///
    /// Values: tokens.
    static let results = Statement(
        "result_results",
        """
        SELECT token, task_id, task_name, state, result, encode(result_bytes, 'hex'), result_size, error, progress_done,
            progress_total, progress_note, \(DeskSQL.microseconds("created_at")),
            \(DeskSQL.microseconds("started_at")), \(DeskSQL.microseconds("finished_at")),
            \(DeskSQL.microseconds("expires_at"))
        FROM ONLY task_results
        WHERE token IN (SELECT pg_catalog.unnest($1::text[])) AND expires_at > now()
        """
    )

    /// The token of an equal task that ended COMPLETE, the last one.
    ///
    /// Values: name, hash, seconds.
    static let reusable = Statement(
        "result_reusable",
        """
        SELECT token
        FROM ONLY task_results
        WHERE task_name = $1 AND data_hash = $2 AND state = 'COMPLETE' AND data_hash IS NOT NULL
            AND finished_at >= now() - make_interval(secs => $3::double precision) AND expires_at > now()
            AND NOT EXISTS (SELECT FROM ONLY tasks WHERE tasks.token = task_results.token AND tasks.token IS NOT NULL)
        ORDER BY finished_at DESC
        LIMIT 1
        """
    )
}
