import Synchronization

/// Calls hooks beside the work of the handlers.
///
/// Without hooks it does nothing.
final class HookTeller {
    private let run: RunShared
    private let hooks: Hooks?
    private let queue = HookQueue()
    /// Tasks that expired and that hooks have not received yet.
    private var untold: [Int64] = []
    /// How many tasks were performed when hooks last received `queue-empty`.
    private var performedWhenEmpty = 0

    init(_ run: RunShared, hooks: Hooks?) {
        (self.run, self.hooks) = (run, hooks)
        queue.listen { [attempts = run.attempts] in attempts.interrupt() }
    }

    /// The hooks that are called before and after each task, or nil if there are none.
    var aroundHandlers: Hooks? { hooks.flatMap { $0.surroundHandlers ? $0 : nil } }

    /// Whether there are hooks at all.
    var areThere: Bool { hooks != nil }

    /// Whether so many events are undelivered that nothing more should be claimed.
    var areBehind: Bool { hooks != nil && queue.isFull }

    /// An attempt has ended, and its end is in the table.
    ///
    /// - Parameters:
    ///   - end: The end.
    ///   - isGone: Whether the row is gone, so that it is not tried again.
    func ended(_ end: PendingEnd, isGone: Bool) {
        guard let hooks else { return }
        switch end.verdict {
        case .retry(let wait, let error): tellFailure(hooks, end, error, retryAfter: isGone ? nil : wait)
        case .fail(let error):
            tellFailure(hooks, end, error, retryAfter: nil)
            tellFailed(hooks, run.performer.hookTask(end.task), LastError.fit(error))
        case .delete, .release, .cancel: break
        }
    }

    private func tellFailure(_ hooks: Hooks, _ end: PendingEnd, _ error: String, retryAfter: Duration?) {
        guard hooks.has(.onFailure) else { return }
        let (task, error, took) = (run.performer.hookTask(end.task), LastError.fit(error), end.attempt.took)
        queue.add(bytes: task.data.count) {
            await hooks.tell(.onFailure, about: task) {
                try await $0.onFailure(task, error: error, retryAfter: retryAfter, took: took)
            }
        }
    }

    private func tellFailed(_ hooks: Hooks, _ task: HookTask, _ error: String) {
        guard hooks.has(.onFailed) else { return }
        queue.add(bytes: task.data.count) {
            await hooks.tell(.onFailed, about: task) { try await $0.onFailed(task, error: error) }
        }
    }

    /// Tasks have expired; ``tellExpired()`` delivers them to hooks.
    func expired(_ tasks: [ExpiredTask]) {
        if hooks != nil { untold += tasks.map(\.id) }
    }

    func tellExpired() async {
        guard !untold.isEmpty else { return }
        let ids = untold
        untold = []
        await gaveUp(ids)
    }

    /// Tasks became FAILED without an attempt of this run.
    func gaveUp(_ ids: [Int64]) async {
        guard let hooks, hooks.has(.onFailed) else { return }
        for id in ids {
            do {
                // The row is gone or WAITING again by now, so no task was given up.
                guard let row = try await run.store.show(id), row.status == .failed else { continue }
                let task = HookTask(
                    id: row.id,
                    name: row.name,
                    queue: row.queue,
                    attempt: row.attempts,
                    maxAttempts: row.maxAttempts ?? run.performer.maxAttempts(ofName: row.name),
                    data: Array(row.data.utf8)
                )
                tellFailed(hooks, task, row.lastError ?? "")
            } catch {
                run.tell(.trouble(error))
            }
        }
    }

    /// Nothing more is due: hooks receive that if something was performed since they last did.
    func queueIsEmpty() {
        let report = run.state.report(at: .now)
        let performed = report.succeeded + report.retried + report.failed + report.skipped
        guard let hooks, hooks.has(.queueEmpty), performed > performedWhenEmpty else { return }
        performedWhenEmpty = performed
        queue.add { await hooks.tell(.queueEmpty) { try await $0.queueEmpty(report) } }
    }

    /// Delivers the beginning of the run; once the run is asked to stop, it goes on without waiting for slow hooks.
    func begin() async {
        guard let hooks else { return }
        let (attempts, identity, beginning) = (run.attempts, run.identity, Beginning())
        // Not a group: its body would not run on the run's own thread, the only one that may block.
        let telling = Task { @concurrent in
            await hooks.tell(.runStart) { try await $0.runStart(identity) }
            beginning.isDelivered.store(true, ordering: .releasing)
            attempts.interrupt()
        }
        while !beginning.isDelivered.load(ordering: .acquiring), run.stop.requests == 0 {
            attempts.wait(threshold: .max, until: .now.advanced(by: .seconds(1)))
        }
        telling.cancel()
        await telling.value
    }

    /// Calls the hooks of the run's end, and waits until all calls are made; after a stop, for the rest of the grace.
    func end(_ trouble: StoreError? = nil) async {
        guard let hooks else { return }
        var report = run.state.report(at: .now)
        report.trouble = report.trouble ?? trouble
        queue.add { [report] in await hooks.tell(.runEnd) { try await $0.runEnd(report) } }
        while queue.count > 0 {
            let now = ContinuousClock.now
            if let since = run.stop.since, run.isUrgent || now >= since.advanced(by: run.settings.grace) {
                hooks.noteDropped(queue.drop())
                break
            }
            run.noteStop()
            run.attempts.wait(threshold: .max, until: now.advanced(by: .seconds(1)))
        }
        hooks.finish()
    }
}

/// Whether hooks received the beginning of a run; shared by the run and the task that calls them.
private final class Beginning: Sendable {
    let isDelivered = Atomic(false)
}
