import TaskRun

/// Says on stdout which tasks were given up.
struct FailureNotes: RunHooks {
    let events: Set<HookEvent> = [.onFailed]

    func onFailed(_ task: HookTask, error: String) async throws {
        print("\(task.name) \(task.id) is given up: \(error)")
    }
}
