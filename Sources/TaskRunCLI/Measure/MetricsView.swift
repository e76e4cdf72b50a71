import Platform
import TaskRun
import Text

/// What `metrics` is made of: everything that is known at one moment.
struct MetricsFacts {
    var summary: TableSummary
    /// The newest runs, or nil if they cannot be read.
    var runs: RunList?
    var totals: [TaskMeasure]
    var claimable: [ClaimableQueue]
    /// The task names that this host, or one that ran within the last hour, has a handler for.
    var names: [String]
    var now: Date
}

/// The metrics, decided from the facts alone.
struct MetricsView {
    private struct Key: Hashable, Comparable {
        let name: ByteText
        let queue: ByteText

        static func < (one: Key, other: Key) -> Bool { (one.name, one.queue) < (other.name, other.queue) }
    }

    /// The buckets whose bounds stand in histograms: powers of four, from 1 ms to more than an hour.
    private static let buckets = [0, 3, 11, 19, 27, 35, 43, 51, 59, 67, 75, 83]

    private let facts: MetricsFacts
    private let overview: RunOverview?
    private let keys: [Key]
    private let lines: [Key: [TableSummary.Line]]
    private let totals: [Key: Measure]

    /// - Parameters:
    ///   - facts: What is known.
    ///   - life: Whether a run is alive, as far as this host can see.
    init(_ facts: MetricsFacts, life: (String?) -> RunLife) {
        self.facts = facts
        let isAnythingDue = facts.summary.lines.contains { $0.due > 0 }
        overview = facts.runs.map {
            RunOverview($0, holders: facts.summary.holders, isAnythingDue: isAnythingDue, life: life)
        }
        lines = Dictionary(grouping: facts.summary.lines) { Key(name: ByteText($0.name), queue: ByteText($0.queue)) }
        let measured = facts.totals.map { (Key(name: ByteText($0.name), queue: ByteText($0.queue)), $0.measure) }
        totals = Dictionary(measured) { first, _ in first }
        // A series that appears only with its first event begins at 1, and no rate sees that one.
        let first = facts.names.map { Key(name: ByteText($0), queue: ByteText("default")) }
        keys = Set(lines.keys).union(totals.keys).union(first).sorted()
    }

    /// All metrics.
    var metrics: [Metric] {
        [
            Metric(
                name: "taskrun_build_info",
                kind: .gauge,
                help: "The version of the program that wrote this.",
                samples: [Metric.Sample(labels: [("version", Version.text)], value: 1)]
            )
        ] + taskMetrics + queueMetrics + runMetrics + totalMetrics + [
            .gauge(
                "taskrun_oldest_transaction_timestamp_seconds",
                "Since when the oldest transaction keeps the server from cleaning up (Unix time; 0: none).",
                facts.summary.horizon?.start?.timeIntervalSince1970 ?? 0
            ),
            .gauge(
                "taskrun_metrics_written_timestamp_seconds",
                "When this was written (Unix time).",
                facts.now.timeIntervalSince1970
            ),
        ]
    }

    private var taskMetrics: [Metric] {
        func count(_ status: TaskStatus) -> (Key) -> Double {
            { key in Double((lines[key] ?? []).reduce(0) { $0 + ($1.status == status ? $1.count : 0) }) }
        }
        let known = Set(facts.names.map { ByteText($0) })
        return [
            perKey("taskrun_waiting_tasks", .gauge, "Tasks that wait, due or not.", count(.waiting)),
            perKey("taskrun_due_tasks", .gauge, "Waiting tasks whose moment has come, claimable or not.") { key in
                Double((lines[key] ?? []).reduce(0) { $0 + $1.due })
            },
            perKey("taskrun_processing_tasks", .gauge, "Tasks that runs hold.", count(.processing)),
            perKey("taskrun_failed_tasks", .gauge, "Tasks that are FAILED now.", count(.failed)),
            .gauge(
                "taskrun_unknown_tasks",
                "Waiting tasks whose name has no handler here or on a host of the last hour.",
                Double(
                    facts.summary.lines.reduce(0) {
                        $0 + ($1.status == .waiting && !known.contains(ByteText($1.name)) ? $1.count : 0)
                    }
                )
            ),
        ]
    }

    private var queueMetrics: [Metric] {
        let oldest = Dictionary(facts.claimable.map { (ByteText($0.queue), $0.oldest) }) { first, _ in first }
        let paused = Set(facts.summary.paused.map { ByteText($0.queue) })
        let queues = Set(keys.map(\.queue)).union(oldest.keys).union(paused)
            .subtracting([ByteText(TaskMeasure.anyQueue)]).sorted()
        func perQueue(_ name: String, _ help: String, _ value: (ByteText) -> Double) -> Metric {
            let samples = queues.map { Metric.Sample(labels: [("queue", $0.text)], value: value($0)) }
            return Metric(name: name, kind: .gauge, help: help, samples: samples)
        }
        return [
            perQueue(
                "taskrun_oldest_claimable_timestamp_seconds",
                "Since when the oldest task is due that a run could claim now (Unix time; 0: none)."
            ) { oldest[$0]?.timeIntervalSince1970 ?? 0 },
            perQueue("taskrun_queue_paused", "Whether the queue is paused.") { paused.contains($0) ? 1 : 0 },
        ]
    }

    private var runMetrics: [Metric] {
        let rows = facts.runs?.rows ?? []
        let succeeded = rows.filter { $0.endedAt != nil && $0.exitStatus == 0 && $0.error == nil }
        func moment(_ dates: [Date?]) -> Double { dates.compactMap { $0?.timeIntervalSince1970 }.max() ?? 0 }
        return [
            .gauge("taskrun_live_runs", "Runs that go on.", Double(overview?.live.count ?? 0)),
            .gauge("taskrun_running_tasks", "Tasks that handlers work on.", Double(overview?.running ?? 0)),
            .gauge("taskrun_slots", "Handler slots of the hosts of live runs.", Double(overview?.slots ?? 0)),
            .gauge(
                "taskrun_last_run_timestamp_seconds",
                "When a run was there for the last time (Unix time; 0: never).",
                moment(rows.map(\.seenAt))
            ),
            .gauge(
                "taskrun_last_success_timestamp_seconds",
                "When a run ended for the last time with exit code 0 (Unix time; 0: never).",
                moment(succeeded.map(\.endedAt))
            ),
        ]
    }

    private var totalMetrics: [Metric] {
        func total(_ name: String, _ help: String, _ value: KeyPath<Measure, Int64>) -> Metric {
            perKey(name, .counter, help) { Double(totals[$0]?[keyPath: value] ?? 0) }
        }
        return [
            total("taskrun_tasks_succeeded", "Tasks that succeeded.", \.succeeded),
            total("taskrun_tasks_failed", "Tasks that became FAILED.", \.failed),
            total("taskrun_tasks_retried", "Attempts that failed and are followed by another one.", \.retried),
            total("taskrun_tasks_recovered", "Tasks that were taken over from dead runs.", \.recovered),
            total("taskrun_leases_lost", "Claims that were taken over before they were settled.", \.leasesLost),
            histogram("taskrun_run_seconds", "How long handlers ran.", \.ran),
            histogram("taskrun_wait_seconds", "How long tasks were due before their handlers began.", \.waited),
        ]
    }

    private func perKey(_ name: String, _ kind: Metric.Kind, _ help: String, _ value: (Key) -> Double) -> Metric {
        let samples = keys.map { Metric.Sample(labels: Self.labels($0), value: value($0)) }
        return Metric(name: name, kind: kind, help: help, samples: samples)
    }

    private static func labels(_ key: Key) -> [(name: String, value: String)] {
        [("task_name", key.name.text), ("queue", key.queue.text)]
    }

    private func histogram(_ name: String, _ help: String, _ spread: KeyPath<Measure, TimeSpread>) -> Metric {
        let samples = keys.flatMap { key -> [Metric.Sample] in
            let times = totals[key]?[keyPath: spread] ?? TimeSpread()
            let labels = Self.labels(key)
            let buckets = Self.buckets.map { bucket in
                let bound = Metric.write(TimeSpread.bound(of: bucket) / .seconds(1))
                return Metric.Sample(
                    suffix: "_bucket",
                    labels: labels + [("le", bound.contains(".") ? bound : bound + ".0")],
                    value: Double(times.count(upTo: bucket))
                )
            }
            return buckets + [
                Metric.Sample(suffix: "_bucket", labels: labels + [("le", "+Inf")], value: Double(times.count)),
                Metric.Sample(suffix: "_sum", labels: labels, value: times.total / .seconds(1)),
                Metric.Sample(suffix: "_count", labels: labels, value: Double(times.count)),
            ]
        }
        return Metric(name: name, kind: .histogram, help: help, samples: samples)
    }
}
