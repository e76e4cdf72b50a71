import Platform
import TaskRun

/// What `top` shows: the queues, the runs, the tasks that run and those that are FAILED, at one moment.
struct TopSnapshot: Sendable {
    /// The most tasks that are read of each kind.
    private static let mostTasks = 200
    /// The most runs that are shown.
    private static let mostRuns = 50

    /// The moment, on the deciding clock.
    let now: Date
    /// The counts.
    let summary: TableSummary
    /// All in one sentence, as `status` says it.
    let headline: String
    /// The queues, by name.
    let queues: [QueueLine]
    /// The runs that go on or are lost, or else the last one; with what became of them.
    let runs: [(row: RunRow, standing: RunStanding)]
    /// The tasks that runs hold, those that were due first before the others.
    let tasks: [TaskRow]
    /// The newest FAILED tasks.
    let failed: [TaskRow]

    /// Sums up.
    init(_ summary: TableSummary, _ list: RunList, tasks: [TaskRow], failed: [TaskRow], life: (String?) -> RunLife) {
        now = list.now
        self.summary = summary
        headline =
            StatusView(summary, known: summary.lines.map(\.name), life: life, now: list.now, list: list).headline
        queues = QueueLine.all(in: summary)
        let all = list.rows.map { (row: $0, standing: $0.standing(at: list.now, life: life($0.record.run))) }
        let open = all.filter { [.running, .lost].contains($0.standing) }
        runs = Array(open.isEmpty ? all.prefix(1) : open.prefix(Self.mostRuns))
        self.tasks = tasks.sorted { ($0.runAt, $0.id) < ($1.runAt, $1.id) }
        self.failed = failed
    }

    /// Looks at the tables.
    ///
    /// What a role may not read, or what takes too long, is left out; only the counts must be there.
    static func read(_ store: any TaskDatabase, life: @Sendable (String?) -> RunLife) async throws -> TopSnapshot {
        func list(_ status: TaskStatus) async -> [TaskRow] {
            var filter = TaskFilter(status: status, limit: mostTasks, hasData: false)
            (filter.isLatest, filter.patience) = (status == .failed, LookLimit.time)
            return (try? await store.list(filter)) ?? []
        }
        let summary = try await store.summary()
        let runs = try? await store.runs(limit: RunOverview.mostRuns)
        return TopSnapshot(
            summary,
            runs ?? RunList(now: Date(), rows: []),
            tasks: await list(.processing),
            failed: await list(.failed),
            life: life
        )
    }
}

/// How fast handlers report progress, from one snapshot to the next.
struct TopRates {
    private struct Seen {
        var done: Int64
        var moment: Date
        var perSecond: Double?
    }

    private var seen: [Int64: Seen] = [:]

    /// Notes the progress of a snapshot's tasks; others are forgotten.
    mutating func note(_ snapshot: TopSnapshot) {
        var next: [Int64: Seen] = [:]
        for task in snapshot.tasks {
            guard let done = task.progressDone else { continue }
            let last = seen[task.id]
            guard let last, done != last.done else {
                next[task.id] = last ?? Seen(done: done, moment: snapshot.now)
                continue
            }
            let time = snapshot.now.timeIntervalSince(last.moment)
            // Less than before: another attempt.
            let rate = done > last.done && time > 0 ? Double(done - last.done) / time : nil
            next[task.id] = Seen(done: done, moment: snapshot.now, perSecond: rate)
        }
        seen = next
    }

    /// The units of progress a second of a task, or nil if that is not known yet.
    func perSecond(of id: Int64) -> Double? { seen[id]?.perSecond }
}
