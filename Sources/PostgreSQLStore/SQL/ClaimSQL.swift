/// The statements of a claim.
///
/// A lane is one task name, queue and priority: rows that stand together in the index `tasks_due`, in due order. Each
/// statement goes into that index lane by lane, so rows that failed, wait for later or belong to nobody here cost nothing.
///
/// Rows are locked FOR NO KEY UPDATE: that keeps other runs away, but not a program that only refers to the row.
enum ClaimSQL {
    /// The lanes of these task names that have a due row, the lane with the most urgent row first.
    ///
    /// A loose index scan: from one lane's first row the next step leads past all its others.
    /// Values: names, now.
    static let lanes = Statement(
        "lanes",
        """
        WITH RECURSIVE wanted AS (
            SELECT DISTINCT unnest($1::text[]) AS task_name
        ), lane AS (
            SELECT head.*
            FROM wanted CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM tasks
                WHERE tasks.task_name = wanted.task_name
                    AND status = 'WAITING' AND crashes = 0
                ORDER BY queue, priority, run_at, id
                LIMIT 1
            ) AS head
            UNION ALL
            SELECT head.*
            FROM lane CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM tasks
                WHERE tasks.task_name = lane.task_name
                    AND (tasks.queue, tasks.priority) > (lane.queue, lane.priority)
                    AND status = 'WAITING' AND crashes = 0
                ORDER BY queue, priority, run_at, id
                LIMIT 1
            ) AS head
        )
        \(dueLanes("$2"))
        """
    )

    /// The same for these queues only: the steps lead through the priorities of each name and queue.
    ///
    /// Values: names, now, queues.
    static let lanesOfQueues = Statement(
        "lanes_of_queues",
        """
        WITH RECURSIVE wanted AS (
            SELECT DISTINCT name.task_name, queue.queue
            FROM unnest($1::text[]) AS name (task_name) CROSS JOIN unnest($3::text[]) AS queue (queue)
        ), lane AS (
            SELECT head.*
            FROM wanted CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM tasks
                WHERE tasks.task_name = wanted.task_name AND tasks.queue = wanted.queue
                    AND status = 'WAITING' AND crashes = 0
                ORDER BY priority, run_at, id
                LIMIT 1
            ) AS head
            UNION ALL
            SELECT head.*
            FROM lane CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM tasks
                WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue
                    AND tasks.priority > lane.priority
                    AND status = 'WAITING' AND crashes = 0
                ORDER BY priority, run_at, id
                LIMIT 1
            ) AS head
        )
        \(dueLanes("$2"))
        """
    )

    private static func dueLanes(_ now: String) -> String {
        """
        SELECT task_name, queue, priority, \(microseconds), id
        FROM lane
        WHERE run_at <= \(moment(now))
        ORDER BY priority, run_at, id
        """
    }

    /// The first due rows of these lanes, after a claim took what was there before.
    ///
    /// Values: names, queues, priorities, now.
    static let heads = Statement(
        "heads",
        """
        SELECT lane.task_name, lane.queue, lane.priority, \(microseconds), head.id
        FROM unnest($1::text[], $2::text[], $3::integer[]) AS lane (task_name, queue, priority)
            CROSS JOIN LATERAL (\(head("1", until: "run_at <= \(moment("$4"))"))) AS head
        """
    )

    /// Locks due rows whose runs died, by how often that happened.
    ///
    /// They are locked here, ahead of the claim, because they are few: at most one a free handler.
    /// Values: names, queues or NULL, least and greatest number of crashes, limit, now.
    static let crashed = Statement(
        "crashed",
        """
        SELECT id
        FROM tasks
        WHERE status = 'WAITING' AND crashes > 0
            AND crashes BETWEEN $3::integer AND $4::integer
            AND run_at <= \(moment("$6"))
            AND task_name = ANY ($1::text[])
            AND ($2::text[] IS NULL OR queue = ANY ($2::text[]))
        ORDER BY priority, run_at, id
        LIMIT $5::integer
        FOR NO KEY UPDATE SKIP LOCKED
        """
    )

    /// Claims from one lane: the plain case.
    ///
    /// Values: owner, lease in seconds, now, limit, name, queue, priority.
    static let fromLane = Statement(
        "claim_from_lane",
        """
        WITH free AS (
            SELECT id
            FROM tasks
            WHERE task_name = $5 AND queue = $6 AND priority = $7::integer
                AND status = 'WAITING' AND crashes = 0 AND run_at <= \(moment("$3"))
            ORDER BY run_at, id
            LIMIT $4::integer
            FOR NO KEY UPDATE SKIP LOCKED
        )
        \(take)
        """
    )

    /// Claims from many lanes, and the locked rows of ``crashed`` if their turn has come.
    ///
    /// Which rows are the best `limit` of all is found out without locks, for then exactly as many rows a lane can be
    /// locked as are taken, and runs that claim at the same time do not stand in each other's way. To read `limit` rows
    /// of each lane for that would be far too much where lanes are many, so there are two looks. The first, at a few rows
    /// (`depth`) of each lane, gives a bound that the best rows cannot lie beyond. The second reads up to that bound, in
    /// those lanes only that have a row before it.
    ///
    /// The first column says how many rows there were to claim: more than were claimed means that other runs were faster.
    /// Values: owner, lease in seconds, now, limit, names, queues, priorities, locked ids, depth.
    static let fromLanes = Statement(
        "claim_from_lanes",
        """
        WITH lane AS MATERIALIZED (
            SELECT no, task_name, queue, priority
            FROM unnest($5::text[], $6::text[], $7::integer[]) WITH ORDINALITY AS lane (task_name, queue, priority, no)
        ), crashed AS MATERIALIZED (
            SELECT id, priority, run_at FROM tasks WHERE id = ANY ($8::bigint[])
        ), glance AS MATERIALIZED (
            SELECT lane.no, lane.task_name, lane.queue, lane.priority, head.run_at, head.id
            FROM lane CROSS JOIN LATERAL (\(head("$9::integer", until: due))) AS head
            UNION ALL
            SELECT NULL, NULL, NULL, priority, run_at, id FROM crashed
            ORDER BY priority, run_at, id
            LIMIT $4::integer
        ), bound AS MATERIALIZED (
            SELECT priority, run_at, id
            FROM glance
            ORDER BY priority, run_at, id
            OFFSET $4::integer - 1
        ), best AS MATERIALIZED (
            SELECT lane.no, lane.task_name, lane.queue, lane.priority, head.run_at, head.id
            FROM (SELECT DISTINCT no, task_name, queue, priority FROM glance WHERE no IS NOT NULL) AS lane
                LEFT JOIN bound ON true
                CROSS JOIN LATERAL (\(head("$4::integer", until: endOfLane))) AS head
            UNION ALL
            SELECT NULL, NULL, NULL, priority, run_at, id FROM crashed
            ORDER BY priority, run_at, id
            LIMIT $4::integer
        ), free AS (
            SELECT locked.id
            FROM (
                SELECT task_name, queue, priority, count(*) AS quota
                FROM best
                WHERE no IS NOT NULL
                GROUP BY no, task_name, queue, priority
            ) AS lane CROSS JOIN LATERAL (
                \(head("lane.quota", until: due))
                FOR NO KEY UPDATE SKIP LOCKED
            ) AS locked
            UNION ALL
            SELECT id FROM best WHERE no IS NULL
        ), taken AS (
            \(take)
        )
        SELECT found.rows, taken.*
        FROM (SELECT count(*) AS rows FROM best) AS found LEFT JOIN taken ON true
        """
    )

    /// The first rows of a lane.
    private static func head(_ limit: String, until end: String) -> String {
        """
        SELECT run_at, id
        FROM tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND status = 'WAITING' AND crashes = 0 AND \(end)
        ORDER BY run_at, id
        LIMIT \(limit)
        """
    }

    private static let due = "run_at <= \(moment("$3"))"

    /// In a lane of the bound's own priority nothing behind the bound is needed, in a more urgent one everything due.
    private static let endOfLane = """
        (tasks.run_at, tasks.id) <= (
            CASE WHEN lane.priority = bound.priority THEN bound.run_at ELSE \(moment("$3")) END,
            CASE WHEN lane.priority = bound.priority THEN bound.id ELSE 9223372036854775807 END
        )
        """

    /// Puts the rows of `free` into the run's hand; an attempt is counted here, before it begins.
    private static let take = """
        UPDATE tasks
        SET status = 'PROCESSING',
            -- A row with the greatest number there is must not stop all others.
            attempts = least(attempts, 2147483646) + 1,
            -- The greatest claim number is followed by 1.
            claim_no = claim_no % 4611686018427387904 + 1,
            lease_owner = $1,
            lease_expires_at = \(moment("$3")) + make_interval(secs => $2::double precision)
        FROM free
        WHERE \(Probe.row("free.id")) AND tasks.status = 'WAITING'
        RETURNING tasks.id, claim_no, task_name, queue, data, attempts, max_attempts, timeout_seconds, crashes,
            priority, \(microseconds)
        """

    /// The column `run_at` as a whole number: the order of rows is kept, and nothing is rounded.
    private static let microseconds = "(extract(epoch FROM run_at) * 1000000)::bigint"

    /// The moment to go by: the given one, or the server's.
    static func moment(_ value: String) -> String { "coalesce(to_timestamp(\(value)::double precision), now())" }
}
