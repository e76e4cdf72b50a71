/// The statements around an SQL handler's own.
enum ScriptSQL {
    /// Removes the task whose script is to run, while its claim holds.
    ///
    /// Values: id, claim number.
    static let settle = Statement(
        "script_settle",
        """
        DELETE FROM ONLY tasks
        WHERE id = $1::bigint AND claim_no = $2::bigint AND \(Probe.isInHand)
        RETURNING lock_key
        """
    )

    /// What became of a task whose COMMIT was not answered; waits for a transaction that still holds the row.
    ///
    /// Values: id, claim number.
    static let fate = Statement(
        "script_fate",
        """
        SELECT claim_no = $2::bigint AND status = 'PROCESSING'
        FROM ONLY tasks
        WHERE id = $1::bigint
        FOR NO KEY UPDATE
        """
    )

    /// Limits the statements that follow in this transaction; also between the script's own, with the names as these leave them.
    ///
    /// Value: milliseconds.
    static let limit = Statement("script_limit", "SELECT pg_catalog.set_config('statement_timeout', $1, true)")
}
