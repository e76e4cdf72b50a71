/// The statements about equal tasks: those of one name and `dedupe_key`, of which one at most waits.
///
/// Of two that would both wait the one with the higher number stays. A transaction that makes rows WAITING again holds the lock of their group of
/// equals until the end of the transaction: two transactions that bring back the same equals do so one after the other, however the rows
/// lie. So what is decided here stays true, but for rows that programs add; these meet the unique index, and it is decided anew.
enum EqualSQL {
    /// The lock of a group of equals.
    ///
    /// There are 64 of them, so that a transaction that brings back thousands of rows takes few.
    private static let group = LockSQL.number(
        "chr(1) || (hashtextextended(task_name || '/' || dedupe_key, 0::bigint) & 63::bigint)::text"
    )

    /// Locks rows that are to be WAITING again and may have equals, in the order of their numbers, and then the groups of these; returns no
    /// row.
    ///
    /// Value: ids.
    static let lock = Statement(
        "settle_lock",
        """
        SELECT
        FROM (
            SELECT DISTINCT \(group) AS number
            FROM (
                SELECT task_name, dedupe_key
                FROM ONLY tasks
                WHERE id = ANY ($1::bigint[]) AND (dedupe_key || '') IS NOT NULL
                ORDER BY id
                FOR NO KEY UPDATE
            ) AS own
            ORDER BY number
        ) AS ordered
        WHERE pg_advisory_xact_lock(number) IS NULL
        """
    )

    /// Waits for the advisory locks of the lock keys of equal rows that wait, and of others; returns no row.
    ///
    /// Values: ids of the rows that are to be WAITING again, other keys.
    static let keys = Statement(
        "equal_keys",
        """
        SELECT
        FROM (
            SELECT DISTINCT \(LockSQL.number("key")) AS number
            FROM (
                SELECT pg_catalog.unnest($2::text[]) AS key
                UNION ALL
                SELECT equal.lock_key
                FROM pg_catalog.unnest($1::bigint[]) AS asked (id)
                    JOIN ONLY tasks ON \(Probe.row("asked.id")) AND (tasks.dedupe_key || '') IS NOT NULL
                    CROSS JOIN LATERAL (
                        -- With a limit, as below.
                        SELECT equal.lock_key
                        FROM ONLY tasks AS equal
                        WHERE \(isEqual("tasks"))
                        LIMIT 1
                    ) AS equal
                WHERE equal.lock_key IS NOT NULL
            ) AS keyed
            ORDER BY number
        ) AS ordered
        WHERE pg_advisory_xact_lock(number) IS NULL
        """
    )

    private static func isEqual(_ other: String) -> String {
        """
        equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
            AND equal.task_name = \(other).task_name AND equal.dedupe_key = \(other).dedupe_key
        """
    }

    /// Removes rows that wait and have a newer equal among claimed rows that are to go back; those with a token leave a result.
    ///
    /// Tells what else they leave, in three columns: number, lock key, batch. Values: ids, claim numbers, seconds to keep the results, now.
    static let remove = Statement(
        "equal_remove",
        // What is to be cancelled does not go on, and removes nothing.
        remove(isOwn: "tasks.claim_no = asked.claim_no AND \(Probe.isInHand) AND tasks.cancel_requested_at IS NULL")
    )

    /// The same for FAILED rows that are to be sent back.
    static let removeForFailed = Statement("equal_remove_for_failed", remove(isOwn: "tasks.status || '' = 'FAILED'"))

    private static func remove(isOwn: String) -> String {
        """
        WITH newest AS MATERIALIZED (
            SELECT tasks.task_name, tasks.dedupe_key, max(tasks.id) AS id, max(asked.keep) AS keep
            FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS asked (id, claim_no, keep)
                JOIN ONLY tasks ON \(Probe.row("asked.id")) AND \(isOwn)
            WHERE (tasks.dedupe_key || '') IS NOT NULL
            GROUP BY tasks.task_name, tasks.dedupe_key
        ), older AS MATERIALIZED (
            -- One that another transaction has locked is not waited for: a run that has claimed it just now may wait for the group of
            -- equals when it puts the row back. If the row goes on waiting, the unique index says so.
            SELECT waiting.id, newest.keep
            FROM newest CROSS JOIN LATERAL (
                -- With a limit, so that each is looked up: a plan made for an empty table would go through all that have a key.
                -- + 0: such a plan goes through all smaller numbers, or does not.
                SELECT equal.id
                FROM ONLY tasks AS equal
                WHERE \(isEqual("newest")) AND equal.id + 0 < newest.id
                LIMIT 1
                FOR UPDATE SKIP LOCKED
            ) AS waiting
        ), gone AS (
            DELETE FROM ONLY tasks AS equal
            USING older
            WHERE equal.id = ANY (ARRAY[older.id]) AND equal.status || '' = 'WAITING'
            RETURNING equal.id, equal.token, equal.task_name, equal.progress_done, equal.progress_total,
                equal.progress_note, equal.created_at, equal.lock_key, equal.batch, older.keep
        ), \(kept)
        SELECT id, lock_key, batch FROM gone
        """
    }

    /// Removes claimed rows that are to go back and have a newer equal, among each other or one that waits; those with a token leave a
    /// result.
    ///
    /// Values: ids, claim numbers, seconds to keep the results, now.
    static let giveWay = Statement(
        "give_way",
        isBinary: true,
        """
        WITH own AS MATERIALIZED (
            SELECT tasks.id, tasks.task_name, tasks.dedupe_key, tasks.cancel_requested_at IS NOT NULL AS is_cancelled, asked.keep
            FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS asked (id, claim_no, keep)
                JOIN ONLY tasks ON \(Probe.row("asked.id")) AND tasks.claim_no = asked.claim_no AND \(Probe.isInHand)
            WHERE (tasks.dedupe_key || '') IS NOT NULL
        ), newest AS MATERIALIZED (
            SELECT coalesce(max(id) FILTER (WHERE NOT is_cancelled), max(id)) AS id FROM own GROUP BY task_name, dedupe_key
        ), late AS MATERIALIZED (
            SELECT id, keep
            FROM own
            WHERE id NOT IN (SELECT id FROM newest)
                OR EXISTS (SELECT FROM ONLY tasks AS equal WHERE \(isEqual("own")) AND (equal.id > own.id OR own.is_cancelled))
        ), gone AS (
            DELETE FROM ONLY tasks
            USING late
            WHERE \(Probe.row("late.id")) AND \(Probe.isInHand)
            RETURNING tasks.id, tasks.token, tasks.task_name, tasks.progress_done, tasks.progress_total,
                tasks.progress_note, tasks.created_at, late.keep
        ), \(kept)
        SELECT id FROM gone
        """
    )

    private static let kept = """
        kept AS (
            INSERT INTO task_results (\(ResultSQL.columns))
            SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, 'gave way to a newer equal task', progress_done,
                progress_total, progress_note, NULL, created_at, NULL, \(ClaimSQL.moment("$4")),
                \(ClaimSQL.moment("$4")) + make_interval(secs => keep)
            FROM gone
            WHERE token IS NOT NULL
            \(ResultSQL.replace)
        )
        """
}

/// A row that was removed as a newer equal one is to wait: what is still to be done about it.
struct RemovedEqual: Sendable {
    let id: Int64
    let lockKey: String?
    let batch: String?

    /// Reads an answer of ``EqualSQL/remove``.
    static func all(_ answer: PostgreSQLResult) -> [RemovedEqual] {
        answer.rows.map { RemovedEqual(id: $0.integer(0), lockKey: $0.textIfAny(1), batch: $0.textIfAny(2)) }
    }
}
