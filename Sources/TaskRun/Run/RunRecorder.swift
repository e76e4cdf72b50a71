/// Writes this run's row in `task_runs`.
///
/// A run that works or stays has its own row. A run that finds nothing shares a row with others of its crontab line.
/// Nothing depends on these writes. A write that cannot be made now is left out. A refused write is reported once.
final class RunRecorder {
    /// How often the run updates `seen_at` in its row.
    private static let pause = Duration.seconds(60)
    /// How long a run works before it adds its row.
    ///
    /// Most runs end earlier. They add the row at their end.
    private static let patience = Duration.seconds(1)

    private let run: RunShared
    private let record: RunRecord?
    private let began = ContinuousClock.now
    /// The number of the run's own row, once it has one.
    private var row: Int64?
    private var nextWrite: ContinuousClock.Instant?
    private var isRefused = false
    /// Whether the tables can be used and the end was not written yet.
    private var isOpen = false

    init(_ run: RunShared, record: RunRecord?) { (self.run, self.record) = (run, record) }

    /// The tables can be used.
    func open() { isOpen = record != nil }

    /// Writes the run's own row if it is time.
    ///
    /// Called after a claim, when the handlers have begun: they do not wait for it.
    func write() async {
        guard isOpen, !isRefused, run.state.failure == nil else { return }
        let now = ContinuousClock.now
        let isTime = nextWrite.map { now >= $0 } ?? (isWorthARow && now >= began.advanced(by: Self.patience))
        guard !run.state.isPaused(now), isTime else { return }
        nextWrite = now.advanced(by: Self.pause)
        await save(end: nil)
    }

    /// Whether the run has claimed a task, or stays although nothing is due.
    private var isWorthARow: Bool {
        run.state.report.claimed > 0 || run.claimingRole != nil && run.state.isWaiting
    }

    /// Writes how the run ended.
    func end(_ end: RunEnd) async {
        guard let record, isOpen, !isRefused, !run.isOutOfReach else { return }
        isOpen = false
        guard row == nil, !isWorthARow, nextWrite == nil else { return await save(end: end) }
        do {
            try await run.store.noteIdle(record, age: began.duration(to: .now), end: end)
        } catch {
            note(error)
        }
    }

    private func save(end: RunEnd?) async {
        guard let record else { return }
        let counts = RunCounts(run.state.report)
        do {
            if let row, try await run.store.note(row, counts: counts, end: end) { return }
            row = try await run.store.begin(record, age: began.duration(to: .now), counts: counts, end: end)
            if run.isTidying { try await run.store.pruneRuns() }
        } catch {
            note(error)
        }
    }

    /// The next minute's write may succeed, unless it is refused.
    private func note(_ error: StoreError) {
        guard !error.isPassing else { return }
        isRefused = true
        let rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON task_runs, task_reports TO this user"
        let error = StoreError(
            error.code,
            subject: error.subject,
            cause: error.cause,
            advice: "Tasks are performed as usual. Run taskrun migrate, or as the tables' owner \(rights)."
        )
        run.tell(.trouble(error))
    }
}
