public import Platform
import Text

/// What became of tasks, and how long they took: numbers that add up.
public struct Measure: Sendable, Equatable {
    /// How many succeeded.
    public var succeeded: Int64 = 0
    /// How many became FAILED.
    public var failed: Int64 = 0
    /// How many became WAITING again for another attempt.
    public var retried: Int64 = 0
    /// How many were taken over from dead runs.
    public var recovered: Int64 = 0
    /// How many claims were taken over before they were settled.
    public var leasesLost: Int64 = 0
    /// How long handlers ran.
    public var ran = TimeSpread()
    /// How long tasks were due before their handlers began.
    public var waited = TimeSpread()

    /// Creates a measure of nothing.
    public init() {}

    /// How many attempts ended.
    public var ended: Int64 { succeeded + failed + retried }

    /// Adds another one.
    public mutating func add(_ other: Measure) {
        succeeded &+= other.succeeded
        failed &+= other.failed
        retried &+= other.retried
        recovered &+= other.recovered
        leasesLost &+= other.leasesLost
        ran.add(other.ran)
        waited.add(other.waited)
    }
}

/// What was measured of the tasks of one name and queue.
public struct TaskMeasure: Sendable, Equatable {
    /// The queue that stands for tasks of any queue.
    public static let anyQueue = "*"

    /// The task name.
    public var name: String
    /// The queue.
    public var queue: String
    /// What was measured.
    public var measure: Measure

    /// Creates one from its parts.
    public init(name: String, queue: String, measure: Measure = Measure()) {
        (self.name, self.queue, self.measure) = (name, queue, measure)
    }
}

/// What was measured of the tasks of one name and queue, on one host, in one minute.
public struct MeasureRow: Sendable, Equatable {
    /// The beginning of the minute, or nil if it is no moment.
    public var minute: Date?
    /// The host.
    public var host: String
    /// The rest.
    public var tasks: TaskMeasure

    /// Creates one from its parts.
    public init(minute: Date?, host: String, tasks: TaskMeasure) {
        (self.minute, self.host, self.tasks) = (minute, host, tasks)
    }
}

/// A queue with a task that a run could claim now.
public struct ClaimableQueue: Sendable, Equatable {
    /// The queue.
    public var queue: String
    /// Since when its oldest such task is due.
    public var oldest: Date

    /// Creates one from its parts.
    public init(queue: String, oldest: Date) { (self.queue, self.oldest) = (queue, oldest) }

    /// Reads a row; nil if it has been due for ever, by a moment that is none of the calendar.
    package init?(_ row: some StoreRow) {
        guard let oldest = row.moment("run_at") else { return nil }
        self.init(queue: row.text("queue"), oldest: oldest)
    }
}

extension Measure {
    /// Reads the columns that `task_measures` and `task_totals` have.
    package init(_ row: some StoreRow) {
        succeeded = row.natural("succeeded")
        failed = row.natural("failed")
        retried = row.natural("retried")
        recovered = row.natural("recovered")
        leasesLost = row.natural("leases_lost")
        ran = TimeSpread(
            json: row.payload("run_times"),
            microseconds: row.natural("run_microseconds"),
            longest: row.natural("longest_run_microseconds")
        )
        waited = TimeSpread(
            json: row.payload("wait_times"),
            microseconds: row.natural("wait_microseconds"),
            longest: row.natural("longest_wait_microseconds")
        )
    }
}

extension TaskMeasure {
    /// Reads a row of `task_totals`.
    package init(_ row: some StoreRow) {
        self.init(name: row.text("task_name"), queue: row.text("queue"), measure: Measure(row))
    }

    /// The object that the statements read which add it to the tables.
    package var json: String {
        let numbers: [(String, Int64)] = [
            ("succeeded", measure.succeeded), ("failed", measure.failed), ("retried", measure.retried),
            ("recovered", measure.recovered), ("leases_lost", measure.leasesLost),
            ("run_microseconds", measure.ran.total.microseconds),
            ("longest_run_microseconds", measure.ran.longest.microseconds),
            ("wait_microseconds", measure.waited.total.microseconds),
            ("longest_wait_microseconds", measure.waited.longest.microseconds),
        ]
        let texts = "\"task_name\":\(JSONText.quote(name)),\"queue\":\(JSONText.quote(queue))"
        let spreads = "\"run_times\":\(measure.ran.json),\"wait_times\":\(measure.waited.json)"
        return "{\(texts),\(numbers.map { "\"\($0)\":\($1)" }.joined(separator: ",")),\(spreads)}"
    }
}

extension [TaskMeasure] {
    /// All of them as a JSON array.
    package var json: String { "[\(map(\.json).joined(separator: ","))]" }
}

extension MeasureRow {
    /// Reads a row of `task_measures`.
    package init(_ row: some StoreRow) {
        self.init(minute: row.moment("minute"), host: row.text("host"), tasks: TaskMeasure(row))
    }
}

extension Duration {
    /// In whole microseconds, rounded down.
    fileprivate var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000
    }
}
