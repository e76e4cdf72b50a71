/// The statements that take over what dead runs left behind, and that tell which names wait.
enum RecoverSQL {
    /// Who holds leases.
    static let owners = Statement(
        "owners",
        """
        SELECT DISTINCT lease_owner
        FROM ONLY tasks
        WHERE status = 'PROCESSING' AND lease_owner IS NOT NULL
        """
    )

    /// Locks abandoned rows, those whose lease ended first of all, and says why they are thought so.
    ///
    /// Rows that are locked are in somebody's hand after all. Values: dead owners, lease length in seconds, now, limit.
    static let abandoned = Statement(
        "abandoned",
        """
        SELECT id, claim_no, task_name, lease_owner, crashes,
            coalesce(lease_owner = ANY ($1::text[]), false),
            to_char(lease_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
            to_char(\(ClaimSQL.moment("$3")) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), lock_key,
            cancel_requested_at IS NOT NULL, batch
        FROM ONLY tasks
        WHERE \(SchemaSQL.isKnown) AND status = 'PROCESSING'
            AND NOT \(StuckSQL.isStuck)
            AND (
                lease_owner = ANY ($1::text[])
                OR lease_expires_at <= \(ClaimSQL.moment("$3"))
                OR lease_expires_at IS NULL
                    AND created_at <= \(ClaimSQL.moment("$3")) - make_interval(secs => $2::double precision)
            )
        ORDER BY lease_expires_at
        LIMIT $4::integer
        FOR NO KEY UPDATE SKIP LOCKED
        """
    )

    /// Ends leases that no run can have set, one lease length from now: those that end later than any run's, and rows that have none
    /// and were created in the future.
    ///
    /// A run that is alive all the same renews its lease as usual. Values: owners that are runs, lease length in seconds, how far
    /// ahead a run's lease may end in seconds, how far another one, now, the only id or NULL.
    static let cut = Statement(
        "cut_leases",
        """
        WITH far AS MATERIALIZED (
            \(farLeases)
            FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE ONLY tasks
        SET lease_expires_at = \(ClaimSQL.moment("$5")) + make_interval(secs => $2::double precision)
        FROM far
        WHERE \(Probe.row("far.id")) AND \(Probe.isInHand)
        """
    )

    /// The rows that ``cut`` would change; the same values.
    static let far = Statement("far_leases", farLeases)

    private static let farLeases = """
        SELECT id, $2::double precision
        FROM ONLY tasks
        WHERE status = 'PROCESSING'
            AND (
                lease_expires_at > \(ClaimSQL.moment("$5")) + make_interval(
                    secs => CASE WHEN coalesce(lease_owner = ANY ($1::text[]), false) THEN $3 ELSE $4 END::double precision
                )
                OR lease_expires_at IS NULL AND created_at > \(ClaimSQL.moment("$5"))
            )
            AND ($6::bigint IS NULL OR id = $6::bigint)
        ORDER BY lease_expires_at DESC
        LIMIT 1000
        """

    /// Takes rows over.
    ///
    /// Values: ids, claim numbers, states, crashes, errors.
    static let takeOver = Statement(
        "take_over",
        """
        UPDATE ONLY tasks
        SET status = gone.status,
            crashes = gone.crashes,
            last_error = gone.error,
            lease_owner = NULL,
            lease_expires_at = NULL,
            progress_done = NULL,
            progress_total = NULL,
            progress_note = NULL
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::integer[], $5::text[])
            AS gone (id, claim_no, status, crashes, error)
        WHERE \(Probe.row("gone.id")) AND tasks.claim_no = gone.claim_no AND \(Probe.isInHand)
        RETURNING tasks.id
        """
    )

    /// Names of waiting tasks, found by stepping from name to name, through both indexes of due rows.
    ///
    /// Value: limit.
    static let waitingNames = Statement(
        "waiting_names",
        """
        WITH RECURSIVE name AS (
            \(names(ClaimSQL.plain))
        ), keyed AS (
            \(names(LockSQL.keyed, "keyed"))
        )
        (SELECT task_name FROM name LIMIT $1::integer)
        UNION
        (SELECT task_name FROM keyed LIMIT $1::integer)
        UNION
        (SELECT DISTINCT task_name FROM ONLY tasks WHERE status = 'WAITING' AND crashes > 0 LIMIT $1::integer)
        ORDER BY task_name
        LIMIT $1::integer
        """
    )

    private static func names(_ kind: String, _ table: String = "name") -> String {
        """

            (
                SELECT task_name
                FROM ONLY tasks
                WHERE \(kind)
                ORDER BY task_name
                LIMIT 1
            )
            UNION ALL
            SELECT next.task_name
            FROM \(table) AS name CROSS JOIN LATERAL (
                SELECT task_name
                FROM ONLY tasks
                WHERE tasks.task_name > name.task_name AND \(kind)
                ORDER BY task_name
                LIMIT 1
            ) AS next
        """
    }
}
