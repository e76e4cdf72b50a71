/// The statement of a claim from many lanes.
extension ClaimSQL {
    /// Claims from many lanes, and the locked rows of ``crashed`` if their turn has come.
    ///
    /// Which rows are the best `limit` of all is found out without locks (``seen(of:in:limit:depth:now:floor:beside:)``), for
    /// then exactly as many rows a lane can be locked as are taken, and runs that claim at the same time do not stand in
    /// each other's way.
    ///
    /// The first column says how many rows there were to claim: more than were claimed means that other runs were faster.
    /// Where it is NULL the row was not claimed: it is the first one that is left of a lane, its name, queue, priority,
    /// moment and number. A lane that was taken from and has none is empty.
    /// Values: owner, lease in seconds, now, limit, names, queues, priorities, floors, ids of the floors, locked ids, depth, bytes.
    static let fromLanes = fromLanes("claim_from_lanes", PayloadSize.known)
    static let fromLanesBefore14 = fromLanes("claim_from_lanes", PayloadSize.guessed)

    /// The same without these rows, which the table does not let be claimed.
    ///
    /// Values: those of ``fromLanes``, ids.
    static let fromLanesExcept = fromLanes("claim_from_lanes_except", PayloadSize.known, of: plainExcept("$13"))
    static let fromLanesExceptBefore14 = fromLanes(
        "claim_from_lanes_except",
        PayloadSize.guessed,
        of: plainExcept("$13")
    )

    static func plainExcept(_ ids: String) -> String { "\(plain) AND tasks.id <> ALL (\(ids)::bigint[])" }

    private static func fromLanes(_ name: String, _ size: String, of kind: String = plain) -> Statement {
        Statement(
            name,
            isBinary: true,
            """
            WITH lane AS MATERIALIZED (
                SELECT no, task_name, queue, priority, \(floor("floor_at")) AS floor_at, floor_id
                FROM unnest($5::text[], $6::text[], $7::integer[], $8::bigint[], $9::bigint[])
                    WITH ORDINALITY AS lane (task_name, queue, priority, floor_at, floor_id, no)
            ), crashed AS MATERIALIZED (
                SELECT ctid AS place, id, priority, run_at, \(size) AS size
                FROM ONLY tasks
                WHERE id = ANY ($10::bigint[]) AND \(isInTime("$3"))
            ), \(seen(of: kind, limit: "$4::integer", depth: "$11::integer", now: "$3", floor: floor, beside: "crashed"))
            , best AS MATERIALIZED (
                SELECT \(laneOf("seen")), run_at, id, NULL::tid AS place, NULL::integer AS size FROM seen
                UNION ALL
                SELECT NULL, NULL, NULL, priority, NULL, NULL, run_at, id, place, size FROM crashed
                ORDER BY priority, run_at, id
                LIMIT $4::integer
            ), free AS (
                SELECT lane.priority, locked.run_at, locked.id, locked.place, locked.size
                FROM (
                    SELECT \(laneOf("best")), count(*) AS quota
                    FROM best
                    WHERE no IS NOT NULL
                    GROUP BY \(laneOf("best"))
                ) AS lane CROSS JOIN LATERAL (
                    \(head("run_at, id, ctid AS place, \(size) AS size", of: kind, "lane.quota", now: "$3", floor: freeFloor))
                    FOR NO KEY UPDATE SKIP LOCKED
                ) AS locked
                UNION ALL
                SELECT priority, run_at, id, place, size FROM best WHERE no IS NULL
            ), fitting AS (
                SELECT place
                FROM (
                    SELECT place,
                        sum(size) OVER (ORDER BY priority, run_at, id ROWS UNBOUNDED PRECEDING) - size AS bytes_before
                    FROM free
                ) AS summed
                WHERE bytes_before < $12::bigint
            ), taken AS (
                \(take("ctid")) ARRAY(SELECT place FROM fitting))
                RETURNING \(columns)
            )
            SELECT found.rows, taken.*
            FROM (SELECT count(*) AS rows FROM best) AS found LEFT JOIN taken ON true
            UNION ALL
            SELECT NULL, id, NULL, run_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, task_name, queue, priority, NULL, NULL
            FROM (
                SELECT DISTINCT ON (no) task_name, queue, priority, run_at, id
                FROM seen
                WHERE id NOT IN (SELECT id FROM taken)
                ORDER BY no, run_at, id
            ) AS remaining
            """
        )
    }

    /// The first rows of lanes: as many as it takes to have the first `limit` of all among them, and one more of each lane.
    ///
    /// To read `limit` rows of each would be far too much where lanes are many, so there is a glance at a few (`depth`) of
    /// each at first. It gives a bound that the rows wanted cannot lie behind. Only the lanes of which all the rows in the
    /// glance lie before it (`deep`) are read further: they are few, for together they have no more than `limit` such
    /// rows. No scan ends at the bound itself: of rows that end one by their number alone, the server reads all that are
    /// due at that moment, and of one INSERT there can be a million.
    ///
    /// - Parameters:
    ///   - kind: The condition of their index.
    ///   - lanes: A table of the lanes, with the columns that the one in ``fromLanes`` has.
    ///   - limit: An expression.
    ///   - depth: An expression.
    ///   - now: A value.
    ///   - floor: A condition beside.
    ///   - other: A table of other rows that the limit is for, too.
    /// - Returns: Tables for a `WITH`; `seen` has the rows, with their lanes.
    static func seen(
        of kind: String,
        in lanes: String = "lane",
        limit: String,
        depth: String,
        now: String,
        floor: String = "true",
        beside other: String? = nil
    ) -> String {
        """
        glance AS MATERIALIZED (
            SELECT \(laneOf("lane")), head.run_at, head.id, head.nr
            FROM \(lanes) AS lane CROSS JOIN LATERAL (
                SELECT run_at, id, row_number() OVER () AS nr
                FROM (\(head("run_at, id", of: kind, depth, now: now, floor: floor))) AS head
            ) AS head
        ), bound AS MATERIALIZED (
            SELECT priority, run_at, id
            FROM (
                SELECT priority, run_at, id FROM glance
                \(other.map { "UNION ALL SELECT priority, run_at, id FROM \($0)" } ?? "")
            ) AS known
            ORDER BY priority, run_at, id
            LIMIT 1 OFFSET \(limit) - 1
        ), deep AS MATERIALIZED (
            SELECT \(laneOf("glance"))
            FROM glance LEFT JOIN bound ON true
            WHERE glance.nr = \(depth) AND \(depth) <= \(limit)
                AND (bound.id IS NULL OR (glance.priority, glance.run_at, glance.id) <= (bound.priority, bound.run_at, bound.id))
        ), seen AS MATERIALIZED (
            SELECT \(laneOf("glance")), run_at, id
            FROM glance
            WHERE no NOT IN (SELECT no FROM deep)
            UNION ALL
            SELECT \(laneOf("lane")), head.run_at, head.id
            FROM deep AS lane CROSS JOIN LATERAL (
                \(head("run_at, id", of: kind, "\(limit) + 1", now: now, floor: floor))
            ) AS head
        )
        """
    }

    /// The first due rows of a lane.
    private static func head(_ columns: String, of kind: String, _ limit: String, now: String, floor: String) -> String
    {
        """
        SELECT \(columns)
        FROM ONLY tasks
        WHERE tasks.task_name = lane.task_name AND tasks.queue = lane.queue AND tasks.priority = lane.priority
            AND \(kind) AND run_at <= \(moment(now)) AND \(floor)
        ORDER BY run_at, id
        LIMIT \(limit)
        """
    }

    /// No waiting row of a lane stands before its floor, as far as is known.
    ///
    /// Without it each claim would go again through what is left in the index of the rows that were taken before, for as
    /// long as any transaction could still see them.
    private static let floor = "(tasks.run_at, tasks.id) >= (lane.floor_at, lane.floor_id)"

    /// The same for rows that are to be claimed.
    private static let freeFloor = "\(floor) AND \(isInTime("$3"))"

    private static func laneOf(_ table: String) -> String {
        ["no", "task_name", "queue", "priority", "floor_at", "floor_id"].map { "\(table).\($0)" }.joined(
            separator: ", "
        )
    }
}
