import Platform
public import TaskRun

extension SQLiteStore {
    /// Waits until a task is due: see ``TaskRun/TaskStore``.
    public func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool {
        guard let bell = Bell() else {
            throw StoreError(.other, subject: "cannot wait for tasks", cause: "no file descriptor is left")
        }
        let result = await withTaskCancellationHandler { () -> Result<Bool, StoreError> in
            do throws(StoreError) {
                return .success(try await waiter.wait(names: names, queues: queues, until: end, bell: bell))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            bell.ring()
        }
        return try result.get()
    }

    /// Whether a line or a batch needs repair: see ``TaskRun/TaskStore``.
    public func isAnythingToMend() async throws(StoreError) -> Bool { await waiter.isAnythingToMend() }
}

extension SQLiteStore {
    /// Nil: a waiting run sees each change of the file.
    public func notifies() async throws(StoreError) -> Bool? { nil }

    /// Refused: there is nothing to be installed.
    public func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool {
        let cause = "a waiting run sees each change of the file by itself"
        throw StoreError(.refused, subject: "cannot change how \(location) tells of new tasks", cause: cause)
    }
}
