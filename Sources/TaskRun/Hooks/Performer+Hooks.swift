extension Performer {
    /// Performs a task, with the calls of hooks before and after it; these do not count into its time limit.
    ///
    /// - Returns: How the task ended.
    func perform(
        _ task: ClaimedTask,
        between hooks: Hooks,
        _ attempts: Attempts,
        worker: Int
    ) async -> HandlerOutcome {
        guard let handler = registry[task.name] else { return .stopped }
        guard isText(task) else { return Self.noText }
        let told = hookTask(task)
        let answer = await hooks.beforePerform(told)
        guard !Task.isCancelled else { return .stopped }
        switch answer {
        case .skip(let note): return .skipped(note: note)
        case .postpone(let delay, let note): return .later(after: delay, note: HookNote.write(note))
        case .go: break
        }
        attempts.begin(worker: worker)
        let outcome = await handler.perform(task, in: begin(task, handler))
        // If the run has given the task up, nothing is delivered: the process is about to end.
        guard hooks.has(.afterPerform), let end = attempts.report(worker: worker, outcome) else { return outcome }
        await hooks.tell(.afterPerform, about: told, isShielded: true) {
            try await $0.afterPerform(told, outcome: end.effectiveOutcome, took: end.took)
        }
        return outcome
    }

    /// A task as hooks receive it.
    func hookTask(_ task: ClaimedTask) -> HookTask { HookTask(task, maxAttempts: maxAttempts(of: task)) }
}
