import Handlers
import TaskRun

extension OnceRound {
    /// Performs one task and no other, if no other run has claimed it.
    ///
    /// - Returns: What was done. Nothing was claimed if another run was faster, or if all slots of this host are in
    ///   use.
    /// - Throws: StoreError as ``Run/run()``.
    func performOne(
        _ id: Int64,
        named name: String,
        _ settings: Settings,
        stop: StopSignal
    ) async throws -> RunReport {
        // The slot is taken here, because a run calls its run-start hooks before it looks for one.
        guard slots.take(upTo: 1) == 1 else { return RunReport() }
        defer { slots.release(1) }
        var run = settings.runSettings(handlers.registry)
        (run.task, run.only, run.window) = (id, [name], .seconds(1))
        run.patienceAtStop = .milliseconds(700)
        let report = try await Run(
            store: store,
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
        // A handler that ignores its cancellation still works: only the end of the process ends it.
        if report.abandoned > 0 {
            program.screen.write(
                ["The handler did not end when asked to. It is killed, and the task is released."],
                progress: ""
            )
            ExitStatus.tryAgain.leave()
        }
        if let trouble = report.trouble, trouble.code != .locked { throw trouble }
        return report
    }
}
