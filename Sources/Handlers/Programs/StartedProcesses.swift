import CSpawn
import Platform

/// The processes that a program has started, even in sessions of their own, as `su -` and `setsid` do.
///
/// They are looked for while the program exists, because its children get another parent once it has ended. That costs
/// a look at all processes, so it is done only when a program is to be ended.
struct StartedProcesses: Sendable {
    /// The most processes that are followed.
    private static let most = 4096

    private var known: [record_mark] = []

    /// Looks again, and remembers what was found before.
    mutating func look(from program: pid_t) {
        let before = known
        known = [record_mark](unsafeUninitializedCapacity: Self.most) { buffer, count in
            count = record_look(program, before, before.count, buffer.baseAddress, buffer.count)
        }
    }

    /// Ends all of them that run, and waits until they are gone, which blocks this thread.
    ///
    /// - Parameters:
    ///   - environment: The program's. If it names the task, processes that inherited it are ended too, even if their
    ///     parents had ended before the first look.
    ///   - limit: How long to wait; default 5 s.
    /// - Returns: How many processes still run: another user's, or stuck in the kernel.
    func end(_ environment: [String: String], within limit: Duration = .seconds(5)) -> Int {
        guard !known.isEmpty else { return 0 }
        let entries = Self.entries(of: environment)
        let deadline = ContinuousClock.now + limit
        while true {
            let heirs = entries.isEmpty ? [] : LeftoverProcesses.processes(having: entries)
            let sweep = record_sweep_marked(known, known.count, heirs, heirs.count)
            guard sweep.is_seen != 0, sweep.found > 0 else { return 0 }
            guard sweep.found > sweep.foreign, ContinuousClock.now < deadline else { return Int(sweep.found) }
            usleep(5000)
        }
    }

    /// The entries that no other program has: one attempt of one task of this run; none for a program for many tasks.
    private static func entries(of environment: [String: String]) -> [String] {
        let keys = ["TASKRUN_RUN", "TASKRUN_TASK_ID", "TASKRUN_ATTEMPT", "TASKRUN_OUTPUT"]
        let entries = keys.compactMap { key in environment[key].map { "\(key)=\($0)" } }
        return entries.count == keys.count ? entries : []
    }
}
