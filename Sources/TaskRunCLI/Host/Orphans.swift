import Handlers
import Platform

/// Processes that have lost their parent: they are the children of the first process of a container, which may be this one.
enum Orphans {
    /// Takes note of their ends, as long as the calling Swift task is not cancelled; does nothing in any other process.
    ///
    /// Otherwise each would keep its process number until the container ends. Handlers are left to those who wait for them.
    static func reap() async {
        guard getpid() == 1 else { return }
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { RunRecords.reapStrangers() }
    }
}
