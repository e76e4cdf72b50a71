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
                AND NOT (attempts = 0 AND expires_at IS NOT NULL AND expires_at <= \(moment("$3")))
            FOR NO KEY UPDATE SKIP LOCKED
        ))
        RETURNING \(columns)
        """
    )

    /// The moment to go by: the given one, or the server's.
    static func moment(_ value: String) -> String { "coalesce(to_timestamp(\(value)::double precision), now())" }
}
