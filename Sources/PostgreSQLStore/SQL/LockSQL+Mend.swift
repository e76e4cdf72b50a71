/// The statements that find lines which nothing leads on, and put them right.
extension LockSQL {
    /// Puts lines right that were changed by hand.
    static func mend(_ keys: [String], now: String?) -> [Request] {
        let list = [SQLText.array(keys.map(Optional.some))]
        return letGo(keys, after: [Request(freeFailed, list), Request(holdCrashed, list)], now: now)
    }

    /// A row gets its key when it is claimed: one that never was holds it by hand only.
    private static let isNeverClaimed = "status || '' = 'WAITING' AND claim_no = 0 AND crashes = 0"
    private static let believable = """
        holder.status || '' <> 'FAILED' AND NOT (holder.status || '' = 'WAITING' AND holder.claim_no = 0 AND holder.crashes = 0)
        """

    /// Takes keys from rows that are FAILED, or were never claimed, and hold them, as only somebody's hand can leave them.
    ///
    /// Value: keys.
    private static let freeFailed = Statement(
        "lock_free_failed",
        """
        UPDATE ONLY tasks
        SET lock_place = 0
        WHERE lock_key = ANY ($1::text[]) AND lock_place = 2 AND (status || '' = 'FAILED' OR \(isNeverClaimed))
        """
    )

    /// Keys of rows whose runs died that do not hold them, because they were sent back by hand with their crashes: they are
    /// claimed with their key only.
    ///
    /// Value: limit.
    static let crashedWithoutKey = Statement(
        "lock_crashed",
        """
        SELECT lock_key
        FROM ONLY tasks
        -- Of the key not a condition that lets the planner go by tasks_lock_line.
        WHERE status = 'WAITING' AND crashes > 0 AND (lock_key || '') IS NOT NULL AND lock_place <> 2
            AND NOT EXISTS (
                SELECT
                FROM ONLY tasks AS holder
                WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2 AND \(believable)
            )
        LIMIT $1::integer
        """
    )

    /// Gives the first of them each its key, where nobody holds it.
    ///
    /// Value: keys.
    static let holdCrashed = Statement(
        "lock_hold_crashed",
        """
        UPDATE ONLY tasks
        SET lock_place = 2
        WHERE id = ANY (
            ARRAY(
                SELECT DISTINCT ON (lock_key) id
                FROM ONLY tasks AS crashed
                WHERE status = 'WAITING' AND crashes > 0 AND coalesce(lock_key, '') = ANY ($1::text[])
                    AND NOT EXISTS (
                        SELECT FROM ONLY tasks AS holder WHERE holder.lock_key = crashed.lock_key AND holder.lock_place = 2
                    )
                ORDER BY lock_key, crashes, priority, run_at, id
            )
        ) AND status || '' = 'WAITING' AND crashes > 0
        """
    )

    /// A row that waits behind another one; where its key was taken away by hand it does not.
    ///
    /// Of the key not a condition that lets the planner go by tasks_lock_line.
    private static let isBehind = "status = 'WAITING' AND lock_place = 1 AND (lock_key || '') IS NOT NULL"

    /// Keys with rows behind that nothing leads on: no holder, and none due that is to be looked at.
    ///
    /// Where rows behind are very many: the first ones, and some from anywhere, so that each has its turn.
    /// Values: now, limit.
    static let deserted = Statement(
        "lock_deserted",
        """
        WITH span AS MATERIALIZED (
            SELECT
                (SELECT id FROM ONLY tasks WHERE \(isBehind) ORDER BY id LIMIT 1) AS least,
                (SELECT id FROM ONLY tasks WHERE \(isBehind) ORDER BY id DESC LIMIT 1) AS most
        ), start AS MATERIALIZED (
            SELECT least AS id FROM span
            UNION
            SELECT least + floor(random() * (most - least + 1)::double precision)::bigint FROM span
        ), behind AS MATERIALIZED (
            SELECT DISTINCT part.lock_key
            FROM start CROSS JOIN LATERAL (
                SELECT lock_key
                FROM ONLY tasks
                WHERE \(isBehind) AND tasks.id >= start.id
                ORDER BY tasks.id
                LIMIT $2::integer
            ) AS part
        )
        SELECT lock_key
        FROM behind
        -- Looked up key by key, not joined: a plan made while the table was empty would read all lines for each.
        WHERE (
                SELECT holder.id
                FROM ONLY tasks AS holder
                WHERE holder.lock_key = behind.lock_key AND holder.lock_place = 2 AND \(believable)
                LIMIT 1
            ) IS NULL
            AND (
                SELECT open.id
                FROM ONLY tasks AS open
                WHERE open.lock_key = behind.lock_key AND open.status = 'WAITING' AND open.lock_key IS NOT NULL
                    -- Not a condition that lets the planner go by tasks_lock_open.
                    AND open.lock_place + 0 = 0 AND open.crashes = 0 AND open.run_at <= \(ClaimSQL.moment("$1"))
                LIMIT 1
            ) IS NULL
        """
    )

    /// Whether any row waits behind another one, or is left without its key: see ``crashedWithoutKey``.
    static let anyBehind = Statement(
        "any_behind",
        """
        SELECT EXISTS (SELECT FROM ONLY tasks WHERE \(isBehind))
            OR EXISTS (
                SELECT
                FROM ONLY tasks
                WHERE status = 'WAITING' AND crashes > 0 AND (lock_key || '') IS NOT NULL AND lock_place <> 2
            )
        """
    )
}
