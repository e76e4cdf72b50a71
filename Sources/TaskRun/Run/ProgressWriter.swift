/// Writes the progress that handlers report, at most once a second, and only if there is any.
final class ProgressWriter {
    private let run: RunShared
    private var nextWrite = ContinuousClock.now

    init(_ run: RunShared) { self.run = run }

    func nextDeadline(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard run.state.failure == nil, !run.state.isPaused(now), !run.messages.isEmpty else { return nil }
        return max(nextWrite, now)
    }

    /// Writes the progress.
    ///
    /// A passing error is not reported: settling and claiming find the same error, and try again.
    func write() async {
        let now = ContinuousClock.now
        guard now >= nextWrite, run.state.failure == nil, !run.state.isPaused(now) else { return }
        let notes = run.messages.take()
        guard !notes.isEmpty else { return }
        nextWrite = now.advanced(by: .seconds(1))
        do {
            let held = try await run.store.note(notes)
            run.messages.putBack(notes.filter { held.contains($0.key) })
        } catch {
            run.messages.putBack(notes)
            if !error.isPassing { run.tell(.trouble(error)) }
        }
    }
}
