extension ClaimSQL {
    /// Claims one row by its number, unless somebody has it locked.
    ///
    /// Values: owner, lease in seconds, now, id.
    static let one = Statement(
        "claim_one",
        isBinary: true,
        """
        \(take("id")) ARRAY(
            SELECT id
            FROM ONLY tasks
            WHERE \(Probe.row("$4::bigint")) AND status = 'WAITING' AND crashes = 0 AND run_at <= \(moment("$3"))
                AND lock_key IS NULL AND after_batch IS NULL AND \(isOpen("tasks.queue", "$3"))
                AND \(isInTime("$3"))
            FOR NO KEY UPDATE SKIP LOCKED
        ))
        RETURNING \(columns)
        """
    )

    /// The moment to go by: the given one, or the server's.
    ///
    /// The begin of the statement, not of the transaction: what an earlier statement of the transaction has waited for is over then. So a
    /// statement that decides something behind a lock stands behind the statement that waits for the lock.
    static func moment(_ value: String) -> String {
        "coalesce(to_timestamp(\(value)::double precision), statement_timestamp())"
    }

    /// Whether a row may still be begun.
    ///
    /// Each claim asks, for what has expired may not have been found, or was locked when it was.
    static func isInTime(_ now: String) -> String {
        "(expires_at IS NULL OR attempts > 0 OR expires_at > \(moment(now)))"
    }
}
