import GRDB

/// One task name, queue and priority, and the moment its first task is due.
struct Lane: Sendable, Equatable {
    let name: String
    let queue: String
    let priority: Int64
    /// `run_at` of the first task as a Julian day; later on, a lower bound of it.
    var head: Double
}

/// The lanes that the last look found, and whether they can still be gone by.
struct LaneMemory: Sendable {
    private var names: [String] = []
    private var queues: [String]?
    private var seen: ContinuousClock.Instant?
    private(set) var lanes: [Lane] = []

    /// The lanes for these names and queues, if they were looked for within the last second.
    func recall(names: [String], queues: [String]?) -> [Lane]? {
        guard let seen, seen.duration(to: .now) < .seconds(1), names == self.names, queues == self.queues else {
            return nil
        }
        return lanes
    }

    mutating func keep(_ lanes: [Lane], names: [String], queues: [String]?) {
        (self.lanes, self.names, self.queues, self.seen) = (lanes, names, queues, .now)
    }
}

extension Database {
    /// Finds the lanes that have a due task, by stepping from lane to lane.
    func lanes(names: [String], queues: [String]?, now: String) throws -> [Lane] {
        let moment = try Double.fetchOne(self, sql: "SELECT julianday(?)", arguments: [now]) ?? 0
        var lanes: [Lane] = []
        for name in names {
            for start in queues?.map(String?.some) ?? [nil] {
                var (queue, priority) = (start ?? "", Int64.min)
                let statement = try cachedStatement(
                    sql: start == nil ? SQLiteStatements.nextLane : SQLiteStatements.nextLaneOfQueue
                )
                while let row = try Row.fetchOne(
                    statement,
                    arguments: ["name": name, "queue": queue, "priority": priority]
                ) {
                    (queue, priority) = (row[0], row[1])
                    let lane = Lane(name: name, queue: queue, priority: priority, head: row[2])
                    if lane.head <= moment { lanes.append(lane) }
                }
            }
        }
        return lanes
    }
}
