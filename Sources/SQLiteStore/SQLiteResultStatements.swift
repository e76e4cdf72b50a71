/// The statements about tokens, results, progress and wishes to cancel.
enum SQLiteResultStatements {
    private static let columns = """
        token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
        progress_note, data_hash, created_at, started_at, finished_at, expires_at
        """

    // Before the row goes: it is read here, and only while the claim holds.
    static let keep = """
        INSERT OR REPLACE INTO task_results (\(columns))
        SELECT token, id, task_name, :state, :result, :bytes, :size, :error,
            iif(:noted, :done, progress_done), iif(:noted, :total, progress_total), iif(:noted, :note, progress_note),
            :hash, created_at, :started, :now, :expires
        FROM tasks
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING' AND token IS NOT NULL
        """

    static let keepCancelled = """
        INSERT OR REPLACE INTO task_results (\(columns))
        SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, NULL, progress_done, progress_total, progress_note,
            NULL, created_at, NULL, :now, :expires
        FROM tasks
        WHERE id = :id AND status = 'WAITING' AND cancel_requested_at IS NOT NULL AND token IS NOT NULL
        """

    static let deleteCancelled = """
        DELETE FROM tasks
        WHERE id = :id AND status = 'WAITING' AND cancel_requested_at IS NOT NULL
        RETURNING CAST(lock_key AS BLOB), CAST(batch AS BLOB)
        """

    // After a row became FAILED although no handler ended: its run died too often.
    static let keepFailed = """
        INSERT OR REPLACE INTO task_results (\(columns))
        SELECT token, id, task_name, 'FAILED', NULL, NULL, 0, last_error, progress_done, progress_total, progress_note,
            NULL, created_at, NULL, :now, :expires
        FROM tasks
        WHERE id = :id AND status = 'FAILED' AND token IS NOT NULL
        """

    static let keepGivenWay = """
        INSERT OR REPLACE INTO task_results (\(columns))
        SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, 'gave way to a newer equal task', progress_done,
            progress_total, progress_note, NULL, created_at, NULL, :now, :expires
        FROM tasks
        WHERE id = :id AND token IS NOT NULL
        """

    static let progress = """
        UPDATE tasks
        SET progress_done = :done, progress_total = :total, progress_note = :note
        WHERE id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
        """

    static let cancelRequests = """
        SELECT id, claim_no
        FROM tasks
        WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'PROCESSING' AND cancel_requested_at IS NOT NULL
        """

    static let requestCancel = """
        UPDATE tasks
        SET cancel_requested_at = coalesce(cancel_requested_at, :now)
        WHERE id = :id AND status <> 'FAILED'
        RETURNING status = 'WAITING', CAST(task_name AS BLOB)
        """

    static let anyExpired = """
        SELECT 1
        FROM task_results INDEXED BY task_results_expiry
        WHERE julianday(expires_at) <= julianday(:now)
        LIMIT 1
        """

    static let prune = """
        DELETE FROM task_results
        WHERE rowid IN (
            SELECT rowid
            FROM task_results INDEXED BY task_results_expiry
            WHERE julianday(expires_at) <= julianday(:now)
            ORDER BY julianday(expires_at)
            LIMIT :limit
        )
        """

    static let result = """
        SELECT CAST(token AS BLOB), task_id, CAST(task_name AS BLOB), CAST(state AS BLOB),
            CAST(coalesce(result, result_bytes) AS BLOB), result_size, CAST(error AS BLOB), progress_done,
            progress_total, CAST(progress_note AS BLOB), julianday(created_at), julianday(started_at),
            julianday(finished_at), julianday(expires_at)
        FROM task_results
        WHERE token = :token AND julianday(expires_at) > julianday(:now)
        """

    static let reusable = """
        SELECT CAST(token AS BLOB)
        FROM task_results INDEXED BY task_results_reuse
        WHERE task_name = :name AND data_hash = :hash AND state = 'COMPLETE'
            AND julianday(finished_at) >= julianday(:since) AND julianday(expires_at) > julianday(:now)
            AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.token = task_results.token)
        ORDER BY julianday(finished_at) DESC
        LIMIT 1
        """

    static let idOfToken = "SELECT id FROM tasks WHERE token = :token"

    static let drop = """
        DELETE FROM task_results
        WHERE token IN (
            SELECT token FROM tasks WHERE token IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
        )
        """

    static let claimOne = """
        SELECT id
        FROM tasks
        WHERE id = :id AND status = 'WAITING' AND crashes = 0 AND julianday(run_at) <= julianday(:now)
            AND lock_key IS NULL AND after_batch IS NULL
            AND NOT (attempts = 0 AND expires_at IS NOT NULL AND julianday(expires_at) <= julianday(:now))
            AND NOT EXISTS (
                SELECT 1
                FROM task_queues
                WHERE task_queues.queue = tasks.queue AND julianday(paused_until) > julianday(:now)
            )
        """
}
