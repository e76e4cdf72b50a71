import Synchronization

/// What hooks are told beside the work of the handlers.
extension OneShotRun {
    /// Tells how an attempt ended, once it is written to the table.
    ///
    /// - Parameters:
    ///   - end: How it ended.
    ///   - isGone: Whether the row did not go back to WAITING but is gone, so that it is not tried again.
    func tellHooks(_ end: Unsettled, isGone: Bool = false) {
        guard let hooks else { return }
        switch end.verdict {
        case .retry(let wait, let error):
            tellFailure(hooks, end, LastError.fit(error), retryAfter: isGone ? nil : wait)
        case .fail(let error):
            tellFailure(hooks, end, LastError.fit(error), retryAfter: nil)
            tellFailed(hooks, performer.hookTask(end.task), LastError.fit(error))
        case .delete, .release, .cancel:
            break
        }
    }

    private func tellFailure(_ hooks: Hooks, _ end: Unsettled, _ error: String, retryAfter: Duration?) {
        guard hooks.has(.onFailure) else { return }
        let (task, took) = (performer.hookTask(end.task), end.finished.took)
        hookQueue.add(bytes: task.data.count) {
            await hooks.tell(.onFailure, about: task) {
                try await $0.onFailure(task, error: error, retryAfter: retryAfter, took: took)
            }
        }
    }

    private func tellFailed(_ hooks: Hooks, _ task: HookTask, _ error: String) {
        guard hooks.has(.onFailed) else { return }
        hookQueue.add(bytes: task.data.count) {
            await hooks.tell(.onFailed, about: task) { try await $0.onFailed(task, error: error) }
        }
    }

    /// Tells which tasks became FAILED because too many runs died with them in hand.
    func tellHooks(recovered tasks: [RecoveredTask]) async {
        await tellHooks(givenUp: tasks.filter { $0.status == .failed }.map(\.id))
    }

    /// Tells which tasks became FAILED because they expired.
    func tellExpired() async {
        guard !untold.isEmpty else { return }
        let ids = untold
        untold = []
        await tellHooks(givenUp: ids)
    }

    private func tellHooks(givenUp ids: [Int64]) async {
        guard let hooks, hooks.has(.onFailed) else { return }
        for id in ids {
            do {
                // Gone, or sent back by somebody meanwhile: nothing is given up any more.
                guard let row = try await store.show(id), row.status == .failed else { continue }
                tellFailed(
                    hooks,
                    HookTask(
                        id: row.id,
                        name: row.name,
                        queue: row.queue,
                        attempt: row.attempts,
                        maxAttempts: row.maxAttempts ?? performer.maxAttempts(ofName: row.name),
                        data: Array(row.data.utf8)
                    ),
                    row.lastError ?? ""
                )
            } catch {
                observer?(.trouble(error))
            }
        }
    }

    /// Tells that nothing more is due, if something was performed since it was last told.
    func tellQueueEmpty() {
        let performed = report.succeeded + report.retried + report.failed + report.skipped
        guard let hooks, hooks.has(.queueEmpty), performed > performedWhenEmpty else { return }
        performedWhenEmpty = performed
        var report = report
        report.duration = began.duration(to: .now)
        hookQueue.add { [report] in await hooks.tell(.queueEmpty) { try await $0.queueEmpty(report) } }
    }

    /// Tells that the run has begun; goes on without those who take their time once it is asked to stop.
    func beginHooks(_ hooks: Hooks) async {
        let (bench, identity, beginning) = (bench, identity, Beginning())
        await withTaskGroup { group in
            group.addTask {
                await hooks.tell(.runStart) { try await $0.runStart(identity) }
                beginning.isTold.store(true, ordering: .releasing)
                bench.interrupt()
            }
            while !beginning.isTold.load(ordering: .acquiring), stop.requests == 0 {
                bench.wait(threshold: .max, until: .now.advanced(by: .seconds(1)))
            }
            group.cancelAll()
        }
    }

    /// Whether so much is not yet told that nothing more should be claimed.
    var hooksAreBehind: Bool { hooks != nil && hookQueue.isFull }

    /// Tells the end, and waits until everything is told; after a stop, for what is left of the grace.
    func endHooks(_ trouble: StoreError? = nil) async {
        guard let hooks else { return }
        var report = report
        report.trouble = report.trouble ?? trouble
        report.duration = began.duration(to: .now)
        hookQueue.add { [report] in await hooks.tell(.runEnd) { try await $0.runEnd(report) } }
        while hookQueue.count > 0 {
            noteStop()
            let now = ContinuousClock.now
            if let stopBegan, stop.requests > 1 || now >= stopBegan.advanced(by: settings.grace) {
                hooks.noteDropped(hookQueue.drop())
                break
            }
            bench.wait(threshold: .max, until: now.advanced(by: .seconds(1)))
        }
        hooks.finish()
    }
}

/// Whether hooks were told that a run has begun; the run and who tells them share it.
private final class Beginning: Sendable {
    let isTold = Atomic(false)
}
