import CSpawn
import Platform
import Synchronization

/// The running programs of this process, in a file that outlives the process.
///
/// The process that becomes the program writes its line before it begins; the line is removed once the program is
/// reaped. If this process ends otherwise than by ``close(removing:)``, a watcher, which is a small process, ends the
/// programs in the file. A class because all threads that start programs share it.
final class ProgramRecord: Sendable {
    /// The record of this process.
    static let shared = ProgramRecord()

    private struct State {
        var file: Int32 = -1
        var path: String?
        /// Whether programs must end with this process, recorded or not.
        var isWanted = false
        var free: [Int] = []
        var lines = 0
        /// Programs that are being started at this moment.
        var births = 0
        var children: Set<pid_t> = []
        var watcher: pid_t = 0
        var watchersBegun = 0
    }

    /// How often a watcher that ended is replaced.
    private static let mostWatchers = 5

    private let state = Mutex(State())

    /// Begins to record programs.
    ///
    /// - Parameters:
    ///   - file: An empty file, or -1 for none; programs must end with this process even then.
    ///   - path: Its path.
    func begin(file: Int32, path: String?) {
        state.withLock { state in
            (state.file, state.path, state.isWanted) = (file, path, true)
            (state.free, state.lines, state.watchersBegun) = ([], 0, 0)
        }
    }

    /// Whether programs are recorded.
    var hasBegun: Bool { state.withLock { $0.isWanted } }

    /// Ends the record when no program runs any more.
    ///
    /// - Parameter removing: Whether the file is removed because no other run will need it.
    func close(removing: Bool) {
        state.withLock { state in
            guard state.isWanted, state.children.isEmpty, state.births == 0 else { return }
            state.isWanted = false
            if removing, let path = state.path { unlink(path) }
            if state.file >= 0 { Self.shut(state.file) }
            state.file = -1
            guard state.watcher > 0 else { return }
            kill(state.watcher, SIGKILL)
            while waitpid(state.watcher, nil, 0) < 0, errno == EINTR {}
            state.watcher = 0
        }
    }

    /// A line for a program that is about to be started; to be followed by ``born(_:at:)``.
    func enter() -> record_place {
        state.withLock { state in
            state.births += 1
            guard state.isWanted else { return record_place(file: -1, offset: 0, dies_with_starter: 0) }
            let isWatched = state.file >= 0 && Self.isWatched(&state)
            guard state.file >= 0 else { return record_place(file: -1, offset: 0, dies_with_starter: 1) }
            let line = state.free.popLast() ?? state.lines
            state.lines = max(state.lines, line + 1)
            return record_place(
                file: state.file,
                offset: off_t(line) * off_t(RECORD_LINE),
                dies_with_starter: isWatched ? 0 : 1
            )
        }
    }

    /// Notes that a program was started, or could not be if nil.
    func born(_ process: pid_t?, at place: record_place) {
        state.withLock { state in
            state.births -= 1
            if let process { state.children.insert(process) } else { Self.leave(place, &state) }
        }
    }

    /// Notes that a program was reaped.
    func gone(_ process: pid_t, at place: record_place) {
        state.withLock { state in
            state.children.remove(process)
            Self.leave(place, &state)
        }
    }

    /// Reaps ended children that are none of the programs.
    ///
    /// Programs left such processes behind. They become children of this process if it is the first one of a container.
    func reapStrangers() {
        state.withLock { state in
            // A program that is being started may have ended before its number is known.
            guard state.births == 0 else { return }
            var information = siginfo_t()
            while waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 {
                let process = process_of(&information)
                // The thread that waits for the program reads its status.
                guard process > 0, process != state.watcher, !state.children.contains(process) else { return }
                waitpid(process, nil, WNOHANG)
                information = siginfo_t()
            }
        }
    }

    private static func leave(_ place: record_place, _ state: inout State) {
        guard place.file >= 0, place.file == state.file else { return }
        record_leave(place.file, place.offset)
        state.free.append(Int(place.offset) / Int(RECORD_LINE))
    }

    /// Whether the watcher runs; it is started if it does not.
    private static func isWatched(_ state: inout State) -> Bool {
        if state.watcher > 0 {
            guard waitpid(state.watcher, nil, WNOHANG) != 0 else { return true }
            state.watcher = 0
        }
        guard state.watchersBegun < mostWatchers else { return false }
        state.watchersBegun += 1
        state.watcher = max(0, record_watch(state.file))
        return state.watcher > 0
    }

    private static func shut(_ file: Int32) {
        Platform.close(file)
    }
}
