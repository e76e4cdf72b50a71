/// The statements of a claim from many lanes.
extension ClaimSQL {
    /// The first due rows of these lanes, after a claim took what was there before.
    ///
    /// Values: names, queues, priorities, floors, ids of the floors, now.
    static let heads = Statement(
        "heads",
        isBinary: true,
        """
        SELECT lane.task_name, lane.queue, lane.priority, head.run_at, head.id
        FROM \(lanes(from: 1)) CROSS JOIN LATERAL (\(head("run_at, id", "1", until: "run_at <= \(moment("$6"))"))) AS head
        """
    )

    /// Claims from many lanes, and the locked rows of ``crashed`` if their turn has come.
    ///
    /// Which rows are the best `limit` of all is found out without locks, for then exactly as many rows a lane can be
    /// locked as are taken, and runs that claim at the same time do not stand in each other's way. To read `limit` rows
    /// of each lane for that would be far too much where lanes are many, so there is a glance at a few rows (`depth`) of
    /// each first. It gives a bound that the best rows cannot lie beyond. Only the lanes of which all the rows seen lie
    /// before it (`deep`) are read further: they are few, for together they have no more than `limit` such rows.
    ///
    /// The bound is a moment, not a moment and a number: of rows that end a scan by their number alone, the server reads
    /// all that are due at that moment, and a million can be.
    ///
    /// The first column says how many rows there were to claim: more than were claimed means that other runs were faster.
    /// Values: owner, lease in seconds, now, limit, names, queues, priorities, floors, ids of the floors, locked ids, depth.
    static let fromLanes = Statement(
        "claim_from_lanes",
        isBinary: true,
        """
        WITH lane AS MATERIALIZED (
            SELECT \(laneOf("lane"))
            FROM \(lanes(from: 5))
        ), crashed AS MATERIALIZED (
            SELECT ctid AS place, id, priority, run_at FROM tasks WHERE id = ANY ($10::bigint[])
        ), glance AS MATERIALIZED (
            SELECT \(laneOf("lane")), head.run_at, head.id, head.nr
            FROM lane CROSS JOIN LATERAL (
                SELECT run_at, id, row_number() OVER () AS nr
                FROM (\(head("run_at, id", "$11::integer", until: due))) AS head
            ) AS head
        ), bound AS MATERIALIZED (
            SELECT priority, run_at, id
            FROM (SELECT priority, run_at, id FROM glance UNION ALL SELECT priority, run_at, id FROM crashed) AS seen
            ORDER BY priority, run_at, id
            LIMIT 1 OFFSET $4::integer - 1
        ), deep AS MATERIALIZED (
            SELECT \(laneOf("glance")), CASE WHEN glance.priority = bound.priority THEN bound.run_at END AS run_at
            FROM glance LEFT JOIN bound ON true
            WHERE glance.nr = $11::integer
                AND (bound.id IS NULL OR (glance.priority, glance.run_at, glance.id) < (bound.priority, bound.run_at, bound.id))
        ), best AS MATERIALIZED (
            SELECT \(laneOf("glance")), run_at, id
            FROM glance
            WHERE no NOT IN (SELECT no FROM deep)
            UNION ALL
            SELECT \(laneOf("lane")), head.run_at, head.id
            FROM deep AS lane CROSS JOIN LATERAL (
                \(head("run_at, id", "$4::integer", until: "run_at <= coalesce(lane.run_at, \(moment("$3")))"))
            ) AS head
            UNION ALL
            SELECT NULL, NULL, NULL, priority, NULL, NULL, run_at, id
            FROM crashed
            ORDER BY priority, run_at, id
            LIMIT $4::integer
        ), free AS (
            SELECT locked.place
            FROM (
                SELECT \(laneOf("best")), count(*) AS quota
                FROM best
                WHERE no IS NOT NULL
                GROUP BY \(laneOf("best"))
            ) AS lane CROSS JOIN LATERAL (
                \(head("ctid AS place", "lane.quota", until: due))
                FOR NO KEY UPDATE SKIP LOCKED
            ) AS locked
            UNION ALL
            SELECT crashed.place FROM crashed JOIN best USING (id)
        ), taken AS (
            \(take("ctid")) ARRAY(SELECT place FROM free))
            RETURNING \(columns)
        )
        SELECT found.rows, taken.*
        FROM (SELECT count(*) AS rows FROM best) AS found LEFT JOIN taken ON true
        """
    )

    /// The first rows of a lane.
    private static func head(_ columns: String, _ limit: String, until end: String) -> String {
        """
        SELECT \(columns)
        FROM tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND \(plain) AND \(end)
            AND (tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)
        ORDER BY run_at, id
        LIMIT \(limit)
        """
    }

    private static func laneOf(_ table: String) -> String {
        ["no", "task_name", "queue", "priority", "floor_at", "floor_id"].map { "\(table).\($0)" }.joined(separator: ", ")
    }

    private static let due = "run_at <= \(moment("$3"))"

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
}
