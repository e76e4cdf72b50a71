import Foundation
import GRDB
import TaskRun

/// One task name, queue and priority, and the moment its first task is due.
struct Lane: Sendable, Equatable {
    let name: String
    /// The bytes of the queue's name: they need not be UTF-8.
    let queue: Data
    /// A whole number of 32 bits, if the table's checks were obeyed.
    let priority: Double
    /// `run_at` of the first task as a Julian day; later on, a lower bound of it.
    var head: Double
}

/// The lanes that the last look found, and whether they can still be gone by.
struct LaneMemory: Sendable {
    private var names: [String] = []
    private var queues: QueueFilter?
    private var seen: ContinuousClock.Instant?
    private(set) var lanes: [Lane] = []

    /// The lanes for these names and queues, if they were looked for within the last second.
    func recall(names: [String], queues: QueueFilter?) -> [Lane]? {
        guard let seen, seen.duration(to: .now) < .seconds(1), names == self.names, queues == self.queues else {
            return nil
        }
        return lanes
    }

    mutating func keep(_ lanes: [Lane], names: [String], queues: QueueFilter?) {
        (self.lanes, self.names, self.queues, self.seen) = (lanes, names, queues, .now)
    }
}

extension Database {
    /// What each priority is greater than.
    private static let beforeAll = Double(Int32.min) - 1

    /// Finds the lanes that have a due task and are not paused, by stepping from lane to lane.
    func lanes(names: [String], queues: QueueFilter?, now: String) throws -> [Lane] {
        let moment = try Double.fetchOne(self, sql: "SELECT julianday(?)", arguments: [now]) ?? 0
        var lanes: [Lane] = []
        for name in names {
            if let queues = queues?.names {
                for queue in queues {
                    lanes += try self.lanes(name: name, queue: Data(queue.utf8), after: Self.beforeAll)
                }
                continue
            }
            let nextQueue = try cachedStatement(sql: SQLiteStatements.nextQueue)
            var queue = Data()
            while let row = try Row.fetchOne(nextQueue, arguments: ["name": name, "queue": queue]) {
                let lane = Lane(name: name, row)
                guard queue.lexicographicallyPrecedes(lane.queue) else { break }
                queue = lane.queue
                if queues?.contains(String(decoding: queue, as: UTF8.self)) == false { continue }
                lanes += try [lane] + self.lanes(name: name, queue: queue, after: lane.priority)
            }
        }
        let due = lanes.filter { $0.head <= moment }
        guard !due.isEmpty else { return [] }
        let statement = try cachedStatement(sql: SQLiteStatements.pausedQueues)
        let paused = Set(try Row.fetchAll(statement, arguments: ["now": now]).compactMap { $0.bytes(0) })
        return paused.isEmpty ? due : due.filter { !paused.contains($0.queue) }
    }

    private func lanes(name: String, queue: Data, after priority: Double) throws -> [Lane] {
        let nextPriority = try cachedStatement(sql: SQLiteStatements.nextPriority)
        var lanes: [Lane] = []
        var priority = priority
        while let row = try Row.fetchOne(
            nextPriority,
            arguments: ["name": name, "queue": queue, "priority": priority]
        ) {
            let lane = Lane(name: name, row)
            guard lane.priority > priority else { break }
            priority = lane.priority
            lanes.append(lane)
        }
        return lanes
    }
}

extension Lane {
    fileprivate init(name: String, _ row: Row) {
        self.init(name: name, queue: row.bytes(0) ?? Data(), priority: row[1], head: row[2])
    }
}
