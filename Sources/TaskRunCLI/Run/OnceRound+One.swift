import Handlers
import TaskRun

extension OnceRound {
    /// Performs one task and no other, if nobody else has it.
    ///
    /// - Returns: What was done; nothing was claimed where another run was faster, or all places of this host are taken.
    /// - Throws: StoreError as ``Run/run()``.
    func performOne(
        _ id: Int64,
        named name: String,
        _ settings: Settings,
        stop: StopSignal
    ) async throws -> RunReport {
        // The place is taken here: a run that finds none would have told its hooks of its start already.
        guard let queue = try await store.show(id)?.queue, slots.take(upTo: 1) == 1 else { return RunReport() }
        defer { slots.release(1) }
        var run = settings.runSettings(handlers.registry)
        (run.only, run.limit, run.window) = ([name], 1, .seconds(1))
        run.patienceAtStop = .milliseconds(700)
        let report = try await Run(
            store: SingleTaskStore(store: store, id: id, queue: queue),
            registry: handlers.registry,
            settings: run,
            identity: identity,
            slots: ProcessSlots(1),
            stop: stop,
            logger: logger,
            beforeClaims: { beginRecord() },
            hooks: hooks.hooks
        ).run()
        records.end(isClean: report.isClean)
        if report.claimed > 0 || !hooks.hooks.isEmpty { _ = await LeftoverProcesses.end(startedBy: identity.text) }
        // A handler that does not listen is still at work: only the end of the process ends it.
        if report.abandoned > 0 {
            program.screen.write(
                ["The handler did not end when it was asked to: it is killed, and the task is given back."],
                progress: ""
            )
            ExitStatus.tryAgain.leave()
        }
        if let trouble = report.trouble, trouble.code != .locked { throw trouble }
        return report
    }
}
