import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A task that is added and waited for: performed in this process where it can be, unless another run was faster.
struct SynchronousCall {
    let program: Program
    let settings: Settings
    let store: any TaskDesk
    let token: String

    /// Waits for the end, and performs the task whenever it is due and nobody has it.
    ///
    /// - Parameters:
    ///   - end: When to give up; what is being performed here is given back then.
    ///   - stop: Asks for that too.
    /// - Returns: The state it came to; nil: nothing is known of the token any more.
    /// - Throws: What the store throws, or why there are no handlers.
    func run(until end: ContinuousClock.Instant?, stop: StopSignal) async throws -> TokenState? {
        try await StopSignals.listen(stop) {
            guard let end, (try? await Task.sleep(until: end, clock: .continuous)) != nil else { return }
            // Twice: at once.
            stop.request()
            stop.request()
        } _: {
            try await run(stop: stop)
        }
    }

    private func run(stop: StopSignal) async throws -> TokenState? {
        let began = ContinuousClock.now
        var isTold = false
        defer { program.screen.write([], progress: "") }
        while true {
            guard let state = try await store.states(of: [token]).first, !state.state.isEnd, stop.requests == 0 else {
                return try await store.states(of: [token]).first
            }
            if state.state == .waiting, (state.runAt ?? .distantPast) <= Date() {
                let round = try OnceRound(program, settings, store)
                if round.handlers.registry[state.name] == nil {
                    if !isTold {
                        program.screen.write("There is no handler for \(state.name) here: waiting for another run.")
                    }
                    isTold = true
                } else if try await !isForOthers(state.id),
                    try await round.performOne(state.id, named: state.name, settings, stop: stop).claimed > 0
                {
                    continue
                }
            }
            program.screen.write([], progress: state.progressLine(after: began.duration(to: .now)))
            try await Task.sleep(for: TokenWatch.pause)
        }
    }

    /// Whether the task is left to an ordinary run, so that none needs to be begun here: it has a lock key, waits for a
    /// batch, its run has died, or its queue or name is limited or paused.
    private func isForOthers(_ id: Int64) async throws -> Bool {
        guard let row = try await store.show(id), row.lockKey == nil, row.afterBatch == nil, row.crashes == 0
        else { return true }
        let subjects: [TaskLimit.Subject] = [.queue(row.queue), .name(row.name)]
        guard try await !store.limits().contains(where: { subjects.contains($0.subject) }) else { return true }
        return try await store.pausedQueues().contains { $0.queue == row.queue }
    }
}
