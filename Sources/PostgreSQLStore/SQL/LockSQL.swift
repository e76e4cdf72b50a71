/// The statements about lock keys and about tasks that expire.
///
/// Whoever decides about a key or lets go of it holds the key's advisory lock until the end of the transaction, and looks
/// at the table in a statement behind the one that took it. So a row is never put behind a holder that is just ending:
/// either the end comes after the mark and takes it away, or the look comes after the end. Who lets go waits for the
/// lock, before anything else of the transaction is locked but its own rows; who claims passes over keys that others
/// have. So no two transactions wait for each other.
///
/// The order of locks is: the transaction's own rows, equal tasks (see ``EqualSQL``), keys, rows that no run holds, batches.
enum LockSQL {
    /// So many lanes of rows with a lock key one claim goes along.
    static let laneLimit = 10_000

    /// The most rows with a lock key that one claim looks at.
    static let lookLimit = 1000
    /// The most keys that one claim locks, so that other runs find some that are free.
    private static let mostKeys = 250

    /// How many keys a claim of so many rows locks: some of them may turn out to have a holder.
    static func keys(for limit: Int) -> Int { min(max(2 * min(limit, mostKeys), 16), mostKeys) }

    /// The number of an advisory lock: one that only those can compute who may read the table.
    static func number(_ text: String) -> String {
        "hashtextextended(\(text), coalesce((SELECT salt FROM ONLY task_salt), 0))"
    }

    /// The rows of `tasks_lock_open`: those that may have to be claimed.
    static let keyed = "status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1"

    /// The lanes of rows with a lock key that have a due row.
    ///
    /// Values: names, now, a regular expression for the queues or NULL.
    static let lanes = Statement(
        "keyed_lanes",
        isBinary: true,
        """
        \(ClaimSQL.lanes(keyed))
        SELECT task_name, queue, priority, run_at, id
        FROM (SELECT * FROM lane LIMIT \(laneLimit)) AS lane
        WHERE run_at <= \(ClaimSQL.moment("$2")) AND \(ClaimSQL.isOpenLane("$2"))
            AND ($3::text IS NULL OR queue ~ $3::text)
        """
    )

    /// Locks the keys of the first rows with a lock key, of these names, that are to be looked at, as far as no other transaction has them; and
    /// these rows.
    ///
    /// Goes from lane to lane as the look for plain rows does. Answers with the rows that were locked, and how many were seen; where lanes
    /// are many with all that were seen, and with all lanes that have a due row: see ``KeyedLook``.
    /// Ends at ``laneLimit`` lanes; then rows numbered 0 say how far it came: the last lane of each name.
    /// Values: names, now, limit, a regular expression for the queues or NULL, queue and priority of the last lane that was seen of each
    /// name before, most keys.
    static let open = Statement(
        "keyed",
        isBinary: true,
        ClaimSQL.lanes(keyed, behind: ("$5", "$6"))
            + first("($4::text IS NULL OR lane.queue ~ $4::text)", keys: "$7::integer")
    )

    /// The same for these queues only.
    ///
    /// Values: names, now, limit, queues, most keys.
    static let openOfQueues = Statement(
        "keyed_of_queues",
        isBinary: true,
        ClaimSQL.lanesOfQueues(keyed).replacing("$3::text[]", with: "$4::text[]") + first("true", keys: "$5::integer")
    )

    /// The same for lanes that are known.
    ///
    /// Values: names, queues and priorities of the lanes, now, limit, most keys.
    static let openOfLanes = Statement(
        "keyed_of_lanes",
        isBinary: true,
        """
        WITH first_lane AS MATERIALIZED (
            SELECT no, task_name, queue, priority, NULL AS floor_at, NULL AS floor_id
            FROM unnest($1::text[], $2::text[], $3::integer[]) WITH ORDINALITY AS lane (task_name, queue, priority, no)
        ), \(locked(now: "$4", limit: "$5::integer", keys: "$6::integer"))
        \(seen(where: "true"))
        """
    )

    private static func first(_ isWanted: String, keys: String) -> String {
        let isMany = "(SELECT count(*) FROM due_lane) >= \(LaneMemory.many)"
        return """
            , seen_lane AS MATERIALIZED (
                SELECT * FROM lane LIMIT \(laneLimit)
            ), due_lane AS MATERIALIZED (
                SELECT row_number() OVER (ORDER BY priority, run_at, id) AS no, task_name, queue, priority, run_at, id
                FROM seen_lane AS lane
                WHERE run_at <= \(ClaimSQL.moment("$2")) AND \(isWanted) AND \(ClaimSQL.isOpenLane("$2"))
            ), first_lane AS MATERIALIZED (
                SELECT no, task_name, queue, priority, NULL AS floor_at, NULL AS floor_id
                FROM due_lane
                WHERE no <= $3::integer
            ), \(locked(now: "$2", limit: "$3::integer", keys: keys))
            SELECT NULL AS no, NULL AS run_at, id, true, NULL AS task_name, NULL AS queue, NULL AS priority
            FROM held
            WHERE NOT \(isMany)
            UNION ALL
            \(seen(where: isMany))
            UNION ALL
            SELECT no, run_at, id, false, task_name, queue, priority
            FROM due_lane
            WHERE \(isMany)
            UNION ALL
            SELECT 0, NULL, NULL, false, task_name, queue, priority
            FROM (
                SELECT DISTINCT ON (task_name) task_name, queue, priority
                FROM seen_lane
                WHERE (SELECT count(*) FROM seen_lane) >= \(laneLimit)
                ORDER BY task_name, queue DESC, priority DESC
            ) AS place
            UNION ALL
            SELECT NULL, NULL, count(*), false, NULL, NULL, NULL
            FROM seen
            WHERE NOT \(isMany)
            """
    }

    /// Locks keys of the first rows of the first lanes, and the rows of these keys among them.
    ///
    /// The keys come first: of a key that another transaction has no row is locked, and the look goes on to the next one.
    private static func locked(now: String, limit: String, keys: String) -> String {
        let depth = "(SELECT least(2 * \(limit) / greatest(count(*), 1) + 1, \(limit) + 1) FROM first_lane)"
        return """
            \(ClaimSQL.seen(of: keyed, in: "first_lane", limit: limit, depth: depth, now: now))
            , candidate AS MATERIALIZED (
                SELECT tasks.id, tasks.lock_key, first.nr
                FROM (
                    SELECT id, row_number() OVER (ORDER BY priority, run_at, id) AS nr
                    FROM seen
                    ORDER BY nr
                    LIMIT \(limit)
                ) AS first JOIN ONLY tasks ON \(Probe.row("first.id"))
                WHERE (tasks.lock_key || '') IS NOT NULL AND \(ClaimSQL.isInTime(now))
            ), line AS MATERIALIZED (
                SELECT lock_key, pg_catalog.array_agg(id) AS ids FROM candidate GROUP BY lock_key ORDER BY min(nr)
            ), mine AS MATERIALIZED (
                SELECT ids
                FROM line
                WHERE pg_try_advisory_xact_lock(\(number("lock_key")))
                LIMIT \(keys)
            ), held AS MATERIALIZED (
                SELECT id
                FROM ONLY tasks
                WHERE id = ANY (ARRAY(SELECT pg_catalog.unnest(ids) FROM mine))
                    AND status || '' = 'WAITING' AND lock_place <> 1
                FOR NO KEY UPDATE SKIP LOCKED
            )
            """
    }

    /// The rows that were seen, each with whether it is locked.
    private static func seen(where condition: String) -> String {
        """
        SELECT no, run_at, id, id IN (SELECT id FROM held), NULL AS task_name, NULL AS queue, priority
        FROM seen
        WHERE \(condition)
        """
    }

    /// Tells which of the locked rows may be claimed, and puts the others behind.
    ///
    /// A retry that holds its key may; of the others the first of its key that is due, where nobody holds it.
    /// Values: ids, now, ids of rows that the table does not let be claimed: others pass them.
    static let decide = Statement(
        "keyed_decide",
        isBinary: true,
        """
        WITH candidate AS MATERIALIZED (
            SELECT id, lock_key, lock_place FROM ONLY tasks WHERE id = ANY ($1::bigint[])
        ), allowed AS MATERIALIZED (
            SELECT id
            FROM candidate
            WHERE lock_place = 2
                OR NOT EXISTS (SELECT FROM ONLY tasks AS holder WHERE holder.lock_key = candidate.lock_key AND holder.lock_place = 2)
                    AND id = (
                        SELECT first.id
                        FROM ONLY tasks AS first
                        WHERE first.lock_key = candidate.lock_key AND first.status = 'WAITING'
                            AND first.lock_key IS NOT NULL AND first.run_at <= \(ClaimSQL.moment("$2"))
                            AND first.id <> ALL ($3::bigint[])
                        ORDER BY first.priority, first.run_at, first.id
                        LIMIT 1
                    )
        ), behind AS (
            UPDATE ONLY tasks
            SET lock_place = 1
            WHERE \(SchemaSQL.isKnown) AND id = ANY (ARRAY(SELECT id FROM candidate EXCEPT SELECT id FROM allowed))
        )
        SELECT id FROM allowed
        """
    )

    /// Waits for the advisory locks of keys, in the order of their numbers; returns no row.
    ///
    /// Value: keys.
    static let lock = Statement(
        "lock_keys",
        """
        SELECT
        FROM (
            SELECT DISTINCT \(number("key")) AS number
            FROM pg_catalog.unnest($1::text[]) AS key
            ORDER BY number
        ) AS ordered
        WHERE pg_advisory_xact_lock(number) IS NULL
        """
    )

    /// Takes the key from rows that were put aside or back.
    ///
    /// Crashed rows keep it: what they do when they run again is not known. Values: ids, claim numbers.
    static let free = Statement(
        "lock_free",
        """
        UPDATE ONLY tasks
        SET lock_place = 0
        FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
        WHERE \(Probe.row("proof.id")) AND tasks.claim_no = proof.claim_no AND tasks.lock_place + 0 = 2
            AND (tasks.status || '' = 'FAILED' OR tasks.status || '' = 'WAITING' AND tasks.crashes = 0)
        """
    )

    /// Makes the next one of each key that waits behind one to be looked at, where nobody holds the key: the first that is due,
    /// for one may have been put off by hand while it waited.
    ///
    /// Values: keys, now.
    static let promote = Statement(
        "lock_promote",
        """
        UPDATE ONLY tasks
        SET lock_place = 0
        WHERE id = ANY (
            ARRAY(
                SELECT coalesce(\(firstBehind(" AND run_at <= \(ClaimSQL.moment("$2"))")), \(firstBehind("")))
                FROM (SELECT DISTINCT key FROM pg_catalog.unnest($1::text[]) AS key) AS wanted
                WHERE NOT EXISTS (SELECT FROM ONLY tasks AS holder WHERE holder.lock_key = wanted.key AND holder.lock_place = 2)
            )
        ) AND status || '' = 'WAITING' AND lock_place = 1
        """
    )

    /// The sum keeps the planner from the index of all rows that are behind, which is empty as far as old statistics tell.
    private static func firstBehind(_ condition: String) -> String {
        """
        (
            SELECT id
            FROM ONLY tasks
            WHERE lock_key = wanted.key AND status = 'WAITING' AND lock_key IS NOT NULL AND lock_place + 0 = 1\(condition)
            ORDER BY priority, run_at, id
            LIMIT 1
        )
        """
    }

    /// What lets go of keys, in order: their advisory locks, what ends or frees rows, and what leads the lines on.
    static func letGo(_ keys: [String], after requests: [Request] = [], now: String? = nil) -> [Request] {
        guard !keys.isEmpty else { return requests }
        let keys = SQLText.array(keys.map(Optional.some))
        return [Request(lock, [keys])] + requests + [Request(promote, [keys, now])]
    }
}
