import Platform
import Synchronization
import SystemPackage
import TaskRun

/// Handler slots, counted over all live runs of this host and user: one locked file each, flock(2).
///
/// The kernel drops the locks of a process that dies, so no slot is ever lost. A class because it owns descriptors.
/// They are closed on exec: otherwise a handler's process would keep the slots of a run that is gone.
final class FileSlots: HostSlots {
    private struct State {
        var held: [Int32] = []
        var free: [Int32]
    }

    private let state: Mutex<State>

    /// Opens the slots `slot-0` … in a folder.
    ///
    /// - Parameters:
    ///   - count: How many slots this run may use at most.
    ///   - directory: Where the files are; they are made as needed.
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings`` if a file cannot be opened, or ``ExitStatus/tryAgain``
    ///   if the disk or the system has no room for one more.
    init(count: Int, in directory: RuntimeDirectory) throws(ProgramError) {
        var files: [Int32] = []
        for number in 0..<count {
            let path = "\(directory.path)/slot-\(number)"
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else {
                let reason = Errno(rawValue: errno)
                for file in files { close(file) }
                let advice = "Remove it, or set runtime_directory to another folder."
                throw ProgramError(Scarcity.status(reason), "cannot open \(path): \(reason)", advice: advice)
            }
            files.append(file)
        }
        state = Mutex(State(free: files))
    }

    /// Unlocks each file before it closes it: a process that is being started shares the lock until it runs its
    /// program.
    deinit {
        state.withLock { state in
            for file in state.held { flock(file, LOCK_UN) }
            for file in state.held + state.free { close(file) }
        }
    }

    /// Locks free slots, at most this many, without waiting.
    func take(upTo count: Int) -> Int {
        state.withLock { state in
            var taken = 0
            for file in state.free where taken < count && flock(file, LOCK_EX | LOCK_NB) == 0 {
                state.held.append(file)
                taken += 1
            }
            state.free.removeAll { state.held.contains($0) }
            return taken
        }
    }

    /// Unlocks slots.
    func release(_ count: Int) {
        state.withLock { state in
            for file in state.held.suffix(count) {
                flock(file, LOCK_UN)
                state.free.append(file)
            }
            state.held.removeLast(min(count, state.held.count))
        }
    }
}
