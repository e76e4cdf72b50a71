/// The statements about tasks whose handlers have ended and whose rows the database does not let be written.
enum StuckSQL {
    /// Whether a row of `tasks` is such a one.
    static let isStuck = """
        EXISTS (SELECT FROM ONLY task_stuck AS stuck WHERE stuck.task_id = tasks.id AND stuck.claim_no = tasks.claim_no)
        """

    /// Notes one.
    ///
    /// Values: id, claim number, whether it is done, why.
    static let note = Statement(
        "stuck_note",
        """
        INSERT INTO task_stuck (task_id, claim_no, is_done, error)
        VALUES ($1::bigint, $2::bigint, $3::boolean, $4)
        ON CONFLICT (task_id) DO UPDATE
        SET claim_no = excluded.claim_no, is_done = excluded.is_done, error = excluded.error, noted_at = now()
        """
    )

    /// Some of them, with what their ends need: NULL where the row is gone or has another claim.
    ///
    /// Value: limit.
    static let some = Statement(
        "stuck_some",
        """
        SELECT stuck.task_id, stuck.claim_no, stuck.is_done, stuck.error, tasks.id IS NOT NULL, tasks.lock_key, tasks.batch
        FROM ONLY task_stuck AS stuck
            LEFT JOIN ONLY tasks ON \(Probe.row("stuck.task_id")) AND tasks.claim_no = stuck.claim_no AND \(Probe.isInHand)
        ORDER BY random()
        LIMIT $1::integer
        """
    )

    /// Forgets some.
    ///
    /// Values: ids, claim numbers.
    static let forget = Statement(
        "stuck_forget",
        """
        DELETE FROM ONLY task_stuck
        USING unnest($1::bigint[], $2::bigint[]) AS gone (id, claim_no)
        WHERE task_stuck.task_id = gone.id AND task_stuck.claim_no = gone.claim_no
        """
    )
}
