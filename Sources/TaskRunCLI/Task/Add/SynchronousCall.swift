import Platform
import TaskRun

/// A task that is added and waited for: this process performs it if it can, unless another run is faster.
struct SynchronousCall {
    let program: Program
    let settings: Settings
    let store: any TaskDatabase
    let token: String

    /// Waits for the end, and performs the task whenever it is due and no run has claimed it.
    ///
    /// - Parameters:
    ///   - end: When to give up. If the task is being performed here, it is released then.
    ///   - stop: Requests the same.
    /// - Returns: The last state, or nil if nothing is known of the token any more.
    /// - Throws: What the store throws, or why there are no handlers.
    func run(until end: ContinuousClock.Instant?, stop: StopSignal) async throws -> TokenState? {
        // A person at a terminal should not wait for the grace period of a run.
        try await StopSignals.listen(stop, isUrgent: true) {
            async let orphans: Void = Orphans.reap()
            await giveUp(at: end, stop)
            await orphans
        } _: {
            try await run(stop: stop)
        }
    }

    private func giveUp(at end: ContinuousClock.Instant?, _ stop: StopSignal) async {
        guard let end, (try? await Task.sleep(until: end, clock: .continuous)) != nil else { return }
        // Twice: at once.
        stop.request()
        stop.request()
    }

    private func run(stop: StopSignal) async throws -> TokenState? {
        let began = ContinuousClock.now
        var isTold = false
        var pause = TokenWatch.pause
        func tell(_ why: String) {
            if !isTold { program.screen.write(why) }
            isTold = true
        }
        defer { program.screen.write([], progress: "") }
        while true {
            guard let state = try await store.states(of: [token]).first, !state.state.isEnd, stop.requests == 0 else {
                return try await store.states(of: [token]).first
            }
            if state.state == .waiting, (state.runAt ?? .distantPast) <= Date() {
                let round = try OnceRound(program, settings, store)
                if round.handlers.registry[state.name] == nil {
                    tell("There is no handler for \(state.name) here: waiting for another run.")
                } else if let reason = try await reasonToLeave(state.id) {
                    tell("This task is left to an ordinary run: \(reason).".visible())
                } else {
                    let report = try await round.performOne(state.id, named: state.name, settings, stop: stop)
                    if report.claimed > report.released { continue }
                    if report.released > 0 {
                        // Its handler did not start, and may fail to start again if it is tried at once.
                        pause = min(pause * 2, .seconds(5))
                        if let why = try await store.states(of: [token]).first?.error {
                            tell("The task waits: \(why.gist)")
                        }
                    }
                }
            }
            program.screen.write([], progress: state.progressLine(after: began.duration(to: .now)))
            try await Task.sleep(for: pause)
        }
    }

    /// Why the task is left to an ordinary run, or nil if it can be performed here or is gone.
    private func reasonToLeave(_ id: Int64) async throws -> String? {
        guard let row = try await store.show(id) else { return nil }
        if row.lockKey != nil { return "it has a lock_key" }
        if let batch = row.afterBatch { return "it waits for batch \(batch)" }
        if row.crashes > 0 { return CrashText.heldBefore }
        let limited = try await store.limits().map(\.subject)
        if limited.contains(.queue(row.queue)) { return "queue \(row.queue) is limited" }
        if limited.contains(.name(row.name)) { return "tasks of its name are limited" }
        return try await store.pausedQueues().contains { $0.queue == row.queue } ? "queue \(row.queue) is paused" : nil
    }
}
