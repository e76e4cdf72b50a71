import TaskRun

/// Prints each task that is given up: it is FAILED now.
struct FailureNotes: RunHooks {
    let events: Set<HookEvent> = [.onFailed]

    func onFailed(_ task: HookTask, error: String) async throws {
        print("\(task.name) \(task.id) is given up: \(error)")
    }
}
