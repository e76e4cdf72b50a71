import Handlers
import Platform

/// Processes that have lost their parent: the first process of a container, which may be this one, becomes their
/// parent.
enum Orphans {
    /// Reaps them until the calling Swift task is cancelled; does nothing if this is not the first process.
    ///
    /// Otherwise each would keep its process number until the container ends. Handlers are left to the code that waits
    /// for them.
    static func reap() async {
        guard getpid() == 1 else { return }
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { RunRecords.reapStrangers() }
    }
}
