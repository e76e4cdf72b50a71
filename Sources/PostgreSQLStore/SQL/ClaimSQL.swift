/// The statements of a claim.
///
/// A lane is one task name, queue and priority: rows that stand together in the index `tasks_due`, in due order. Each
/// statement goes into that index lane by lane, so rows that failed, wait for later or belong to nobody here cost nothing.
///
/// Rows are locked FOR NO KEY UPDATE: it keeps other runs away, but no program that only refers to the row.
enum ClaimSQL {
    /// The rows of `tasks_due`: without a lock key, and without a batch to wait for.
    static let plain = "status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL"

    /// The lanes of these task names that have a due row, the lane with the most urgent row first.
    ///
    /// A loose index scan: from one lane's first row the next step leads past all its others. It ends at ``laneLimit`` lanes; then
    /// rows without a number say how far it came: the last lane of each name.
    /// Values: names, now, a regular expression for the queues or NULL.
    static let lanes = Statement(
        "lanes",
        isBinary: true,
        """
        \(lanes(plain))
        \(dueLanes("$2")) AND ($3::text IS NULL OR queue ~ $3::text)
        \(places(by: "task_name"))
        \(inDueOrder)
        """
    )

    /// So many lanes are gone along step by step.
    ///
    /// Where there are more, most have few rows: see ``moreLanes``.
    static let laneLimit = 1000
    /// So many rows one ``moreLanes`` reads.
    static let moreLimit = 20_000

    /// More lanes of these names, behind those that were seen: row by row, which is some ten times as fast as a step from lane to lane
    /// where lanes have few rows; of a long one the rest is stepped over.
    ///
    /// Ends at ``moreLimit`` rows; then rows without a number say how far it came, as those of ``lanes`` do.
    /// Values: names, now, a regular expression for the queues or NULL, queue and priority of the last lane that was seen of each name.
    static let moreLanes = Statement(
        "more_lanes",
        isBinary: true,
        """
        WITH RECURSIVE wanted AS (
            SELECT DISTINCT task_name, queue, priority
            FROM unnest($1::text[], $4::text[], $5::integer[]) AS name (task_name, queue, priority)
        ), step AS (
            SELECT head.*, 1 AS step
            FROM wanted CROSS JOIN LATERAL (\(rows(behind: "wanted"))) AS head
            UNION ALL
            SELECT head.*, last.step + 1
            FROM (SELECT * FROM step WHERE nr = \(stepLength)) AS last CROSS JOIN LATERAL (\(rows(behind: "last"))) AS head
        ), lane AS MATERIALIZED (
            SELECT * FROM step LIMIT \(moreLimit)
        )
        SELECT task_name, queue, priority, run_at, id
        FROM (
            SELECT DISTINCT ON (task_name, queue, priority) task_name, queue, priority, run_at, id
            FROM lane
            WHERE run_at <= \(moment("$2")) AND \(isOpenLane("$2")) AND ($3::text IS NULL OR queue ~ $3::text)
            ORDER BY task_name, queue, priority, run_at, id
        ) AS due
        UNION ALL
        SELECT task_name, queue, priority, NULL, NULL
        FROM (
            SELECT DISTINCT ON (task_name) task_name, queue, priority
            FROM lane
            -- The ends of whole steps, which are few; where there is none, of any.
            WHERE (SELECT count(*) FROM lane) >= \(moreLimit)
                AND (nr = \(stepLength) OR (SELECT count(*) FROM lane WHERE nr = \(stepLength)) = 0)
            ORDER BY task_name, step DESC, nr DESC
        ) AS place
        \(inDueOrder)
        """
    )

    private static let stepLength = 64

    private static func rows(behind lane: String) -> String {
        """
        SELECT head.*, row_number() OVER () AS nr
        FROM (
            SELECT task_name, queue, priority, run_at, id
            FROM ONLY tasks
            WHERE tasks.task_name = \(lane).task_name
                AND (tasks.queue, tasks.priority) > (\(lane).queue, \(lane).priority) AND \(plain)
            ORDER BY queue, priority, run_at, id
            LIMIT \(stepLength)
        ) AS head
        """
    }

    /// How far a look came that ended before it had seen all lanes.
    private static func places(by columns: String) -> String {
        """
        UNION ALL
        SELECT task_name, queue, priority, NULL, NULL
        FROM (
            SELECT DISTINCT ON (\(columns)) task_name, queue, priority
            FROM seen
            WHERE (SELECT count(*) FROM seen) >= \(laneLimit)
            ORDER BY \(columns), queue DESC, priority DESC
        ) AS place
        """
    }

    /// The same steps along another condition; behind these queues and priorities of the names, if any.
    static func lanes(_ kind: String, behind places: (queues: String, priorities: String)? = nil) -> String {
        let wanted =
            places.map {
                """
                SELECT DISTINCT task_name, queue, priority
                FROM unnest($1::text[], \($0.queues)::text[], \($0.priorities)::integer[]) AS name (task_name, queue, priority)
                """
            } ?? "SELECT DISTINCT pg_catalog.unnest($1::text[]) AS task_name"
        let isBehind = places == nil ? "true" : "(tasks.queue, tasks.priority) > (wanted.queue, wanted.priority)"
        return """
            WITH RECURSIVE wanted AS (
                \(wanted)
            ), lane AS (
                SELECT head.*
                FROM wanted CROSS JOIN LATERAL (
                    SELECT task_name, queue, priority, run_at, id
                    FROM ONLY tasks
                    WHERE tasks.task_name = wanted.task_name AND \(isBehind)
                        AND \(kind)
                    ORDER BY queue, priority, run_at, id
                    LIMIT 1
                ) AS head
                UNION ALL
                SELECT head.*
                FROM lane CROSS JOIN LATERAL (
                    SELECT task_name, queue, priority, run_at, id
                    FROM ONLY tasks
                    WHERE tasks.task_name = lane.task_name
                        AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
                        AND \(kind)
                    ORDER BY queue, priority, run_at, id
                    LIMIT 1
                ) AS head
            )
            """
    }

    /// The same for these queues only: the steps lead through the priorities of each name and queue.
    ///
    /// Values: names, now, queues.
    static let lanesOfQueues = Statement(
        "lanes_of_queues",
        isBinary: true,
        """
        \(lanesOfQueues(plain))
        \(dueLanes("$2"))
        \(places(by: "task_name"))
        \(inDueOrder)
        """
    )

    /// The same steps along another condition.
    static func lanesOfQueues(_ kind: String) -> String {
        """
        WITH RECURSIVE wanted AS (
            SELECT DISTINCT name.task_name, queue.queue
            FROM pg_catalog.unnest($1::text[]) AS name (task_name) CROSS JOIN pg_catalog.unnest($3::text[]) AS queue (queue)
        ), lane AS (
            SELECT head.*
            FROM wanted CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM ONLY tasks
                WHERE tasks.task_name = wanted.task_name AND tasks.queue = wanted.queue
                    AND \(kind)
                ORDER BY priority, run_at, id
                LIMIT 1
            ) AS head
            UNION ALL
            SELECT head.*
            FROM lane CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM ONLY tasks
                WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue
                    AND tasks.priority > lane.priority
                    AND \(kind)
                ORDER BY priority, run_at, id
                LIMIT 1
            ) AS head
        )
        """
    }

    private static func dueLanes(_ now: String) -> String {
        """
        , seen AS MATERIALIZED (
            SELECT * FROM lane LIMIT \(laneLimit)
        )
        SELECT task_name, queue, priority, run_at, id
        FROM seen AS lane
        WHERE run_at <= \(moment(now)) AND \(isOpenLane(now))
        """
    }

    private static let inDueOrder = "ORDER BY priority, run_at, id"

    /// Whether a lane's queue is not paused; for all lanes at once.
    static func isOpenLane(_ now: String) -> String {
        "lane.queue NOT IN (SELECT q.queue FROM ONLY task_queues AS q WHERE q.paused_until > \(moment(now)))"
    }

    /// Whether a queue is not paused; for a few rows.
    static func isOpen(_ queue: String, _ now: String) -> String {
        "NOT EXISTS (SELECT FROM ONLY task_queues AS q WHERE q.queue = \(queue) AND q.paused_until > \(moment(now)))"
    }

    /// Locks due rows whose runs died, by how often that happened.
    ///
    /// They are locked here, ahead of the claim, because they are few: at most one a free handler. An empty row says that there are some,
    /// and all are locked by others.
    /// Values: names, a regular expression for the queues or NULL, least and greatest number of crashes, limit, now, ids to leave out.
    static let crashed = Statement(
        "crashed",
        isBinary: true,
        """
        WITH free AS MATERIALIZED (
            SELECT id
            FROM ONLY tasks
            WHERE \(isCrashed)
            ORDER BY priority, run_at, id
            LIMIT $5::integer
            FOR NO KEY UPDATE SKIP LOCKED
        )
        SELECT id FROM free
        UNION ALL
        SELECT NULL WHERE NOT EXISTS (SELECT FROM free) AND EXISTS (SELECT FROM ONLY tasks WHERE \(isCrashed))
        """
    )

    private static let isCrashed = """
        status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND (lock_key IS NULL OR lock_place = 2)
            AND crashes BETWEEN $3::integer AND $4::integer
            AND run_at <= \(moment("$6"))
            AND task_name = ANY ($1::text[])
            AND ($2::text IS NULL OR queue ~ $2::text)
            AND \(isOpen("tasks.queue", "$6")) AND \(isInTime("$6"))
            AND id <> ALL ($7::bigint[])
        """

    /// Claims from one lane: the plain case.
    ///
    /// Values: owner, lease in seconds, now, limit, name, queue, priority, floor, id of the floor, bytes.
    static let fromLane = fromLane(PayloadSize.known)
    static let fromLaneBefore14 = fromLane(PayloadSize.guessed)

    private static func fromLane(_ size: String) -> Statement {
        Statement(
            "claim_from_lane",
            isBinary: true,
            """
            -- Nearly always they are small enough all together: a sum costs half of what a window costs.
            \(take("ctid")) (
                SELECT CASE WHEN total <= $10::bigint THEN places ELSE ARRAY(
                    SELECT place
                    FROM (
                        SELECT place, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
                        FROM unnest(places, sizes) AS each (place, size)
                    ) AS summed
                    WHERE bytes_before < $10::bigint
                ) END
                FROM (
                    SELECT pg_catalog.array_agg(place) AS places, pg_catalog.array_agg(size) AS sizes, sum(size) AS total
                    FROM (
                        SELECT ctid AS place, \(size) AS size
                        FROM ONLY tasks
                        WHERE task_name = $5 AND queue = $6 AND priority = $7::integer
                            AND \(plain) AND run_at <= \(moment("$3")) AND \(isInTime("$3"))
                            AND (run_at, id) >= (\(floor("$8::bigint")), $9::bigint)
                        ORDER BY run_at, id
                        LIMIT $4::integer
                        FOR NO KEY UPDATE SKIP LOCKED
                    ) AS locked
                ) AS found
            )::tid[])
            RETURNING \(laneColumns)
            """
        )
    }

    /// Puts rows that the same statement locks into the run's hand.
    ///
    /// They are found by their place, which saves the way down the primary key. An attempt is counted here, before it begins.
    static func take(_ column: String) -> String {
        """
        UPDATE ONLY tasks
        SET status = 'PROCESSING',
            -- A row with the greatest number there is must not stop all others.
            attempts = least(attempts, 2147483646) + 1,
            -- The greatest claim number is followed by 1.
            claim_no = claim_no % 4611686018427387904 + 1,
            lock_place = CASE WHEN lock_key IS NULL THEN lock_place ELSE 2 END,
            lease_owner = $1,
            lease_expires_at = \(moment("$3")) + make_interval(secs => $2::double precision)
        WHERE \(SchemaSQL.isKnown) AND \(column) = ANY (
        """
    }

    /// The claim number of a row that is the run's now.
    ///
    /// Where a trigger has put back what makes it so, the claim is refused as a whole.
    static let proof = """
        CASE WHEN status = 'PROCESSING' AND lease_owner = $1 AND lease_expires_at IS NOT NULL THEN claim_no
            ELSE \(putBack("status")) END
        """

    /// An error that says in which state a trigger has put a row.
    static func putBack(_ status: String) -> String { "concat('a trigger keeps the row ', \(status))::bigint" }

    static let columns = "\(laneColumns), task_name, queue, priority, crashes, lock_key"

    /// What the rows of a lane do not have in common.
    static let laneColumns = """
        id, \(proof) AS claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch,
        cancel_requested_at IS NOT NULL
        """

    /// A moment from microseconds since 2000, which is how the server sends one.
    static func floor(_ microseconds: String) -> String {
        "(timestamptz '2000-01-01 00:00+00' + make_interval(secs => \(microseconds)::double precision / 1000000::double precision))"
    }
}
