import Handlers
import Platform
import Synchronization
import TaskRun

/// What this host knows of the runs that hold leases: which of them are gone.
///
/// A class because what was found out about dead runs is kept: a dead run stays dead.
final class HostProcesses: Sendable {
    typealias Life = RunLife

    private let identity: RunIdentity
    private let endLeftovers: @Sendable (RunIdentity) async -> Bool
    private let buried = Mutex<Set<String>>([])
    /// How many runs without a record were looked for among all processes.
    private let searches = Mutex(0)
    /// The most of them; the lease's end decides about the others.
    ///
    /// A row may hold any text that looks like a run's, and each costs a look at all processes.
    private static let mostSearches = 20

    /// Looks at runs from this process.
    ///
    /// - Parameters:
    ///   - identity: This process.
    ///   - endLeftovers: Ends what a dead run left behind, and returns whether nothing is left. Default: it ends
    ///     nothing.
    init(
        identity: RunIdentity,
        endLeftovers: @escaping @Sendable (RunIdentity) async -> Bool = { _ in false }
    ) {
        self.identity = identity
        self.endLeftovers = endLeftovers
    }

    /// Looks at runs from this process, and ends what dead ones left behind.
    convenience init(identity: RunIdentity, endingLeftoversIn directory: RuntimeDirectory) {
        let records = RunRecords(runtimeDirectory: directory.path)
        self.init(identity: identity) { dead in
            guard await !LeftoverProcesses.end(startedBy: dead, in: records).areLeft else { return false }
            ExecutableSettings.removeFiles(of: dead.text, in: directory.path)
            return true
        }
    }

    /// Whether a run is known to be dead, and none of its programs works any more.
    ///
    /// What it left behind is ended first, because other runs get its tasks right after. If that fails the answer is
    /// false, and the end of the lease decides.
    func isDead(_ owner: String) async -> Bool {
        if buried.withLock({ $0.contains(owner) }) { return true }
        guard life(of: owner) == .dead, let run = RunIdentity(text: owner) else { return false }
        if !identity.outlived(run) {
            // Only runs of old versions wrote no records.
            guard run.user != nil || mayBeSearched(), await endLeftovers(run) else { return false }
        }
        buried.withLock { _ = $0.insert(owner) }
        return true
    }

    private func mayBeSearched() -> Bool {
        searches.withLock { count in
            count += 1
            return count <= Self.mostSearches
        }
    }

    /// Whether the run of this text is alive, as far as can be seen from here.
    ///
    /// Ends nothing.
    func life(of owner: String?) -> Life {
        guard let run = owner.flatMap(RunIdentity.init(text:)) else { return .unknown }
        if identity.outlived(run) { return .dead }
        guard identity.sees(run) else { return .unknown }
        // kill() first: where /proc is mounted with hidepid, it does not show the processes of other users.
        if kill(run.pid, 0) != 0, errno == ESRCH { return .dead }
        #if os(Linux)
        guard let stat = ProcessFile.text("/proc/\(run.pid)/stat").flatMap({ ProcessStat(parsing: $0) }) else {
            return .alive
        }
        return stat.hasEnded || stat.startTicks != run.startTicks ? .dead : .alive
        #else
        return .alive
        #endif
    }
}
