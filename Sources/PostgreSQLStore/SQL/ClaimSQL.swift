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
    /// A loose index scan: from one lane's first row the next step leads past all its others.
    /// Values: names, now, a regular expression for the queues or NULL.
    static let lanes = Statement(
        "lanes",
        isBinary: true,
        """
        \(lanes(plain))
        \(dueLanes("$2")) AND ($3::text IS NULL OR queue ~ $3::text)
        \(inDueOrder)
        """
    )

    /// The same steps along another condition.
    static func lanes(_ kind: String) -> String {
        """
        WITH RECURSIVE wanted AS (
            SELECT DISTINCT unnest($1::text[]) AS task_name
        ), lane AS (
            SELECT head.*
            FROM wanted CROSS JOIN LATERAL (
                SELECT task_name, queue, priority, run_at, id
                FROM tasks
                WHERE tasks.task_name = wanted.task_name
                    AND \(kind)
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
        \(inDueOrder)
        """
    )

    /// The same steps along another condition.
    static func lanesOfQueues(_ kind: String) -> String {
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
                    AND \(kind)
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
                    AND \(kind)
                ORDER BY priority, run_at, id
                LIMIT 1
            ) AS head
        )
        """
    }

    private static func dueLanes(_ now: String) -> String {
        """
        SELECT task_name, queue, priority, run_at, id
        FROM lane
        WHERE run_at <= \(moment(now)) AND \(isOpen("lane.queue", now))
        """
    }

    private static let inDueOrder = "ORDER BY priority, run_at, id"

    /// Whether a queue is not paused.
    static func isOpen(_ queue: String, _ now: String) -> String {
        "NOT EXISTS (SELECT FROM task_queues AS q WHERE q.queue = \(queue) AND q.paused_until > \(moment(now)))"
    }

    /// The first due rows of these lanes, after a claim took what was there before.
    ///
    /// Values: names, queues, priorities, floors, ids of the floors, now.
    static let heads = Statement(
        "heads",
        isBinary: true,
        """
        SELECT lane.task_name, lane.queue, lane.priority, head.run_at, head.id
        FROM \(lanes(from: 1)) CROSS JOIN LATERAL (\(head("1", until: "run_at <= \(moment("$6"))"))) AS head
        """
    )

    /// Locks due rows whose runs died, by how often that happened.
    ///
    /// They are locked here, ahead of the claim, because they are few: at most one a free handler.
    /// Values: names, a regular expression for the queues or NULL, least and greatest number of crashes, limit, now.
    static let crashed = Statement(
        "crashed",
        isBinary: true,
        """
        SELECT id
        FROM tasks
        WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND (lock_key IS NULL OR lock_place = 2)
            AND crashes BETWEEN $3::integer AND $4::integer
            AND run_at <= \(moment("$6"))
            AND task_name = ANY ($1::text[])
            AND ($2::text IS NULL OR queue ~ $2::text)
            AND \(isOpen("tasks.queue", "$6"))
        ORDER BY priority, run_at, id
        LIMIT $5::integer
        FOR NO KEY UPDATE SKIP LOCKED
        """
    )

    /// Claims from one lane: the plain case.
    ///
    /// Values: owner, lease in seconds, now, limit, name, queue, priority, floor, id of the floor.
    static let fromLane = Statement(
        "claim_from_lane",
        isBinary: true,
        """
        \(take("ctid")) ARRAY(
            SELECT ctid
            FROM tasks
            WHERE task_name = $5 AND queue = $6 AND priority = $7::integer
                AND \(plain) AND run_at <= \(moment("$3"))
                AND (run_at, id) >= (\(floor("$8::bigint")), $9::bigint)
            ORDER BY run_at, id
            LIMIT $4::integer
            FOR NO KEY UPDATE SKIP LOCKED
        ))
        RETURNING \(laneColumns)
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
    /// Values: owner, lease in seconds, now, limit, names, queues, priorities, floors, ids of the floors, locked ids, depth.
    static let fromLanes = Statement(
        "claim_from_lanes",
        isBinary: true,
        """
        WITH lane AS MATERIALIZED (
            SELECT no, task_name, queue, priority, floor_at, floor_id
            FROM \(lanes(from: 5))
        ), crashed AS MATERIALIZED (
            SELECT id, priority, run_at FROM tasks WHERE id = ANY ($10::bigint[])
        ), glance AS MATERIALIZED (
            SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id
            FROM lane CROSS JOIN LATERAL (\(head("$11::integer", until: due))) AS head
            UNION ALL
            SELECT NULL, NULL, NULL, priority, NULL, NULL, run_at, id FROM crashed
            ORDER BY priority, run_at, id
            LIMIT $4::integer
        ), bound AS MATERIALIZED (
            SELECT priority, run_at, id
            FROM glance
            ORDER BY priority, run_at, id
            OFFSET $4::integer - 1
        ), best AS MATERIALIZED (
            SELECT lane.no, lane.task_name, lane.queue, lane.priority, lane.floor_at, lane.floor_id, head.run_at, head.id
            FROM (SELECT DISTINCT no, task_name, queue, priority, floor_at, floor_id FROM glance WHERE no IS NOT NULL) AS lane
                LEFT JOIN bound ON true
                CROSS JOIN LATERAL (\(head("$4::integer", until: endOfLane))) AS head
            UNION ALL
            SELECT NULL, NULL, NULL, priority, NULL, NULL, run_at, id FROM crashed
            ORDER BY priority, run_at, id
            LIMIT $4::integer
        ), free AS (
            SELECT locked.id
            FROM (
                SELECT task_name, queue, priority, floor_at, floor_id, count(*) AS quota
                FROM best
                WHERE no IS NOT NULL
                GROUP BY no, task_name, queue, priority, floor_at, floor_id
            ) AS lane CROSS JOIN LATERAL (
                \(head("lane.quota", until: due))
                FOR NO KEY UPDATE SKIP LOCKED
            ) AS locked
            UNION ALL
            SELECT id FROM best WHERE no IS NULL
        ), taken AS (
            \(take("id")) ARRAY(SELECT id FROM free))
            RETURNING \(columns)
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
            AND \(plain) AND \(end)
            AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)
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

    /// Puts rows that the same statement locks into the run's hand, by number or by place (`ctid`: no way down the primary key).
    ///
    /// An attempt is counted here, before it begins.
    static func take(_ column: String) -> String {
        """
        UPDATE tasks
        SET status = 'PROCESSING',
            -- A row with the greatest number there is must not stop all others.
            attempts = least(attempts, 2147483646) + 1,
            -- The greatest claim number is followed by 1.
            claim_no = claim_no % 4611686018427387904 + 1,
            lock_place = CASE WHEN lock_key IS NULL THEN lock_place ELSE 2 END,
            lease_owner = $1,
            lease_expires_at = \(moment("$3")) + make_interval(secs => $2::double precision)
        WHERE \(column) = ANY (
        """
    }

    static let columns = "\(laneColumns), task_name, queue, priority, crashes, lock_key"

    /// What the rows of a lane do not have in common.
    private static let laneColumns = """
        id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch,
        cancel_requested_at IS NOT NULL
        """

    /// Lanes with their floors: five values, from this one on.
    ///
    /// No waiting row of a lane stands before its floor, as far as is known. Without it each claim would go again through
    /// what is left in the index of the rows that were taken before, for as long as any transaction could still see them.
    private static func lanes(from first: Int) -> String {
        """
        (
            SELECT no, task_name, queue, priority, \(floor("floor_at")) AS floor_at, floor_id
            FROM unnest(
                $\(first)::text[], $\(first + 1)::text[], $\(first + 2)::integer[],
                $\(first + 3)::bigint[], $\(first + 4)::bigint[]
            ) WITH ORDINALITY AS lane (task_name, queue, priority, floor_at, floor_id, no)
        ) AS lane
        """
    }

    /// A moment from microseconds since 2000, which is how the server sends one.
    private static func floor(_ microseconds: String) -> String {
        "(timestamptz '2000-01-01 00:00+00' + make_interval(secs => \(microseconds)::double precision / 1000000))"
    }
}
