import TaskRun

/// Looks for due tasks on a connection of its own that takes no lock where a lock could be in another program's way.
///
/// With a rollback journal a reader's lock keeps a writer from committing: a program without a busy timeout would be told
/// that the database is locked. So the file is read without any (`nolock=1`), read-only. What is read while a commit is under
/// way may be torn; it is only a hint, the file is read again after its last change, and nothing is kept between two
/// looks. In WAL mode readers are in nobody's way, and reading without locks is not possible.
final class DueLook {
    /// What a look brought.
    enum Answer: Equatable {
        /// A row is due.
        case due
        /// The first row will be due after this long.
        case later(Duration)
        /// No row waits.
        case nothing
        /// The file could not be read at this moment.
        case unknown
    }

    /// How many lanes one look reads.
    ///
    /// Where there are more, a claim has to find out: it goes on where it ended.
    private static let most = 20_000

    private let connection: RawConnection
    private var steps = 0
    /// Whether the file is in WAL mode.
    let isWAL: Bool

    private init?(path: String, isWAL: Bool) {
        self.isWAL = isWAL
        guard let connection = RawConnection(path: path, options: isWAL ? "mode=rw" : "mode=ro&nolock=1") else {
            return nil
        }
        self.connection = connection
    }

    /// Opens a file; nil if that is not possible at this moment.
    static func open(_ path: String) -> DueLook? {
        guard let look = DueLook(path: path, isWAL: false) else { return nil }
        if look.connection.first(Pragma.schemaVersion) != nil { return look }
        return look.connection.cannotOpen ? DueLook(path: path, isWAL: true) : nil
    }

    /// Rises when another connection commits; WAL mode only.
    func dataVersion() -> Double? { connection.first(Pragma.dataVersion)?.first?.number }

    /// Finds the first moment at which a row of these names and queues is due.
    func look(names: [String], queues: QueueFilter?) -> Answer {
        // The pages in memory may be from the middle of a commit.
        if !isWAL { connection.forgetPages() }
        steps = 0
        guard connection.first(Pragma.begin) != nil else { return .unknown }
        defer { _ = connection.first(Pragma.commit) }
        return first(names, queues)
    }

    /// Whether a line has nothing that leads it on, or a batch has ended and a task still waits for it.
    ///
    /// Of many rows behind others some are looked at, each time others.
    func isAnythingToMend() -> Bool {
        if !isWAL { connection.forgetPages() }
        guard connection.first(Pragma.begin) != nil else { return false }
        defer { _ = connection.first(Pragma.commit) }
        func finds(_ sql: String, _ values: [String: RawValue]) -> Bool {
            connection.first(sql, values).map { !$0.isEmpty } ?? false
        }
        let span = connection.first(Statements.spanBehind) ?? []
        if let least = span.first?.number, let most = span.last?.number {
            for start in [least, Double.random(in: least...most)] {
                let values: [String: RawValue] = [
                    ":id": .number(start), ":limit": .number(1000), ":now": .text("now"),
                ]
                if finds(Statements.deserted, values) { return true }
            }
        }
        return finds(Statements.crashedWithoutKey, [":limit": .number(1)])
            || finds(Statements.ended, [":after": .text(""), ":limit": .number(1)])
    }

    private func first(_ names: [String], _ queues: QueueFilter?) -> Answer {
        var first = Double.infinity
        guard let now = connection.first(Statements.present)?.first?.number else { return .unknown }
        guard let expiry = connection.first(Statements.firstExpiry) else { return .unknown }
        first = min(first, expiry.first?.number ?? .infinity)
        // Rows without and rows with a lock key stand in two indexes; the second one is often empty.
        guard let open = connection.first(Statements.anyOpen) else { return .unknown }
        let kinds = open.isEmpty ? [Steps.plain] : [.plain, .keyed]
        for name in names where first > now {
            guard let moment = firstOfCrashed(name, queues) else { return .unknown }
            first = min(first, moment)
            for steps in kinds where first > now {
                guard let moment = firstOf(name, queues, steps, now) else { return .unknown }
                first = min(first, moment)
            }
        }
        if steps > Self.most { return .due }
        if first == .infinity { return .nothing }
        return first <= now ? .due : .later(.seconds((first - now) * 86400))
    }

    /// The statements that step along one of the indexes of due rows.
    private struct Steps {
        let queue, priority: String
        static let plain = Steps(queue: Statements.nextQueue, priority: Statements.nextPriority)
        static let keyed = Steps(queue: Statements.nextKeyedQueue, priority: Statements.nextKeyedPriority)
    }

    /// The first moment over the lanes of a name; infinity for none, nil if it could not be read.
    private func firstOf(_ name: String, _ queues: QueueFilter?, _ steps: Steps, _ now: Double) -> Double? {
        var first = Double.infinity
        for queue in queues?.names ?? [] where first > now {
            let queue = [UInt8](queue.utf8)
            guard let open = opening(of: queue),
                let moment = firstOfLanes(name, queue, steps, after: Self.beforeAll, max(now, open))
            else { return nil }
            first = min(first, max(moment, open))
        }
        var queue: [UInt8] = []
        while queues?.names == nil, first > now {
            guard let row = step(steps.queue, name, queue, nil) else { return nil }
            guard row.count == 4, queue.lexicographicallyPrecedes(row[0].bytes) else { break }
            queue = row[0].bytes
            if queues?.contains(String(decoding: queue, as: UTF8.self)) == false { continue }
            guard let open = opening(of: queue),
                let moment = firstOfLanes(name, queue, steps, after: row[1].number ?? 0, max(now, open))
            else { return nil }
            first = min(first, max(min(row[2].number ?? .infinity, moment), open))
        }
        return first
    }

    /// What each priority is greater than.
    private static let beforeAll = Double(Int32.min) - 1

    /// The first moment over the priorities of a queue; infinity for none, nil if it could not be read.
    private func firstOfLanes(
        _ name: String,
        _ queue: [UInt8],
        _ steps: Steps,
        after priority: Double,
        _ now: Double
    ) -> Double? {
        var (priority, first) = (priority, Double.infinity)
        while first > now {
            guard let row = step(steps.priority, name, queue, priority) else { return nil }
            guard row.count == 4, let next = row[1].number, next > priority else { break }
            (priority, first) = (next, min(first, row[2].number ?? .infinity))
        }
        return first
    }

    /// When a queue's pause ends; a moment long ago where it is open, nil if it could not be read.
    private func opening(of queue: [UInt8]) -> Double? {
        connection.first(Statements.pausedUntil, [":queue": .blob(queue)]).map { $0.first?.number ?? 0 }
    }

    private func firstOfCrashed(_ name: String, _ queues: QueueFilter?) -> Double? {
        var values: [String: RawValue] = [":name": .text(name)]
        values[":queues"] = queues.map { .text($0.globs) }
        values[":except"] = queues.map { .text($0.exceptGlobs) }
        return connection.first(Statements.firstCrashed, values).map { $0.first?.number ?? .infinity }
    }

    /// The next lane's first row; none where enough were read.
    private func step(_ sql: String, _ name: String, _ queue: [UInt8], _ priority: Double?) -> [RawValue]? {
        steps += 1
        guard steps <= Self.most else { return [] }
        var values: [String: RawValue] = [":name": .text(name), ":queue": .blob(queue)]
        values[":priority"] = priority.map { .number($0) }
        return connection.first(sql, values)
    }
}
