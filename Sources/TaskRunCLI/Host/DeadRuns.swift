import Handlers
import TaskRun

/// Recovers tasks that dead runs left PROCESSING, as the next run would, for a person who does not wait for that.
struct DeadRuns {
    let program: Program
    let settings: Settings
    let store: any TaskDatabase

    /// Recovers those of these tasks whose runs are known to be dead, with all others of these runs.
    ///
    /// Programs that the runs left behind are ended first.
    ///
    /// - Returns: Those that no run holds any more.
    /// - Throws: What the store throws; ``ProgramError`` for a runtime directory that cannot be used.
    func release(_ ids: [Int64]) async throws -> [Int64] {
        var held: [Int64: String] = [:]
        for id in ids {
            guard let row = try await store.show(id), row.status == .processing, let owner = row.leaseOwner else {
                continue
            }
            held[id] = owner
        }
        guard !held.isEmpty else { return [] }
        let directory = try RuntimeDirectory(path: settings.runtimeDirectory)
        let processes = HostProcesses(identity: .ofThisProcess(), endingLeftoversIn: directory)
        var dead: Set<String> = []
        for owner in Set(held.values) where await processes.isDead(owner) { dead.insert(owner) }
        guard !dead.isEmpty else { return [] }
        // Those of the handlers folder have none of their own.
        let registry = try HandlerRegistry(program.builtIn.make(settings.mailSettings()))
        let request = RecoverRequest(
            isDead: { [dead] in dead.contains($0) },
            lease: settings.lease,
            retention: settings.runSettings(registry).retention(registry)
        )
        while try await store.recover(request).count >= 1000 {}
        return held.filter { dead.contains($0.value) }.map(\.key)
    }
}
