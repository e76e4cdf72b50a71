import CSpawn
import Platform

/// What a program has started, wherever it went: into sessions of its own as well, as `su -` and `setsid` do.
///
/// It is looked for while the program is there, for its children have another parent once it is gone. That costs a look at all
/// processes, so it is done only where a program is made to end.
struct StartedProcesses: Sendable {
    /// So many are followed at most.
    private static let most = 4096

    private var known: [record_mark] = []

    /// Looks again, and keeps in mind what was found before.
    mutating func look(from program: pid_t) {
        let before = known
        known = [record_mark](unsafeUninitializedCapacity: Self.most) { buffer, count in
            count = record_look(program, before, before.count, buffer.baseAddress, buffer.count)
        }
    }

    /// Ends all that is at work, and waits until it is gone, which blocks this thread.
    ///
    /// - Parameters:
    ///   - environment: The program's: where it names the task, what has inherited that is ended too, even if its parents had ended
    ///     before anybody looked.
    ///   - limit: How long to wait; default 5 s.
    /// - Returns: How many processes are still there: another user's, or stuck in the kernel.
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

    /// What no other program has: one attempt of one task of this run; none where the program is for many tasks.
    private static func entries(of environment: [String: String]) -> [String] {
        let keys = ["TASKRUN_RUN", "TASKRUN_TASK_ID", "TASKRUN_ATTEMPT", "TASKRUN_OUTPUT"]
        let entries = keys.compactMap { key in environment[key].map { "\(key)=\($0)" } }
        return entries.count == keys.count ? entries : []
    }
}
