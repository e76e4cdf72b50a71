/// Measures what becomes of tasks, and adds it to the tables once a minute and at the end of the run.
///
/// It owns what was measured since the last write. Nothing depends on these writes: one that cannot be made now is made
/// with the next one, and one that is refused is reported once.
final class MeasureKeeper {
    /// How often it is written.
    private static let pause = Duration.seconds(60)

    private let run: RunShared
    private var measures = Measures()
    private var nextWrite = ContinuousClock.now.advanced(by: MeasureKeeper.pause)
    private var isRefused = false

    init(_ run: RunShared) { self.run = run }

    /// Counts the end of an attempt.
    func count(_ end: Measures.End, _ attempt: Attempt) {
        let task = attempt.task
        let ahead = attempt.claimed.duration(to: attempt.began)
        measures.count(
            end,
            name: task.name,
            queue: task.queue,
            ran: attempt.took,
            waited: task.waited + ahead
        )
    }

    /// Counts tasks that were taken over from dead runs.
    func count(_ recovered: [RecoveredTask]) {
        for task in recovered { measures.countRecovered(name: task.name, isFailed: task.status == .failed) }
    }

    /// Counts tasks that expired.
    func count(_ expired: [ExpiredTask]) {
        for task in expired { measures.countExpired(name: task.name) }
    }

    /// Writes what was measured if it is time.
    func write() async {
        let now = ContinuousClock.now
        guard now >= nextWrite, !run.state.isPaused(now), run.state.failure == nil else { return }
        nextWrite = now.advanced(by: Self.pause)
        await save()
    }

    /// Writes the rest.
    func end() async {
        guard !run.isOutOfReach else { return }
        await save()
    }

    private func save() async {
        guard !isRefused, !measures.isEmpty else { return }
        do {
            try await run.store.add(measures.all, of: run.identity.host)
            measures.clear()
            if run.isTidying { try await run.store.pruneMeasures() }
        } catch {
            note(error)
        }
    }

    private func note(_ error: StoreError) {
        guard !error.isPassing else { return }
        isRefused = true
        let rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON task_measures, task_totals TO this user"
        let error = StoreError(
            error.code,
            subject: error.subject,
            cause: error.cause,
            advice: "Tasks are performed as usual. Run taskrun migrate, or as the tables' owner \(rights)."
        )
        run.tell(.trouble(error))
    }
}
