import Dispatch
import Platform
import Synchronization
import SystemPackage
import TaskRun
import Text

/// Which of the runs of this host and user that stay may claim: a locked file, flock(2), and a pipe to knock at.
///
/// `linger-X` is locked by the run that claims, and `linger-X.next` by the newcomer that waits for it. The
/// newcomer asks through the pipe `linger-X.knock`. The kernel drops the locks of a process that dies, so the role is
/// never lost. A class because it owns descriptors; they are closed on exec.
final class ClaimingRoleFile: ClaimingRole {
    private struct State {
        /// Ends the waiting for knocks.
        var wakeUp: WakeUp?
        var isWanted = false
        var listener: (@Sendable () -> Void)?
    }

    /// How long a run that has the role may take to pass it on; then the newcomer starts anyway.
    private static let patience: Duration = .seconds(10)

    private let pipePath: String
    private let role: Int32
    private let next: Int32
    private let queue = DispatchQueue(label: "taskrun.role")
    private let state = Mutex(State())

    /// Names the role.
    ///
    /// - Parameters:
    ///   - subject: What the runs that pass it on have in common: the database, the handlers, what is claimed.
    ///   - directory: Where the files are; they are made as needed.
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings`` if one cannot be made, or ``ExitStatus/tryAgain`` if the
    ///   disk or the system has no room for one more.
    init(of subject: [String], in directory: RuntimeDirectory) throws(ProgramError) {
        let path = "\(directory.path)/linger-\(Self.mark(subject))"
        pipePath = path + ".knock"
        role = try Self.file(path)
        next = try Self.file(path + ".next")
        guard mkfifo(pipePath, 0o600) == 0 || errno == EEXIST else {
            throw Self.problem(pipePath, Errno(rawValue: errno))
        }
    }

    deinit {
        pass()
        close(role)
        close(next)
    }

    /// Takes the role: see ``TaskRun/ClaimingRole``.
    func take(unless isCancelled: @escaping @Sendable () -> Bool) async -> Bool {
        guard flock(next, LOCK_EX | LOCK_NB) == 0 else { return false }
        defer { flock(next, LOCK_UN) }
        let begun = ContinuousClock.now
        var (pause, knocked) = (Duration.milliseconds(1), ContinuousClock.Instant?.none)
        while flock(role, LOCK_EX | LOCK_NB) != 0 {
            let now = ContinuousClock.now
            if isCancelled() { return false }
            if begun.duration(to: now) > Self.patience { return true }
            // Once a second: the other run may not have been listening yet.
            if knocked.map({ $0.duration(to: now) > .seconds(1) }) ?? true {
                knock()
                knocked = now
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(10))
        }
        // The newcomer's lock is still held: what is in the pipe now is this run's own knocking.
        listenForKnocks()
        return true
    }

    /// Whether a newcomer has knocked.
    var isWanted: Bool { state.withLock { $0.isWanted } }

    /// Calls this when a newcomer knocks.
    func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listener = listener } }

    /// Unlocks the file.
    func pass() {
        state.withLock { state in
            state.wakeUp?.wake()
            state.wakeUp = nil
            flock(role, LOCK_UN)
        }
    }

    private func knock() {
        // Without a reader there is no run to ask, and opening fails.
        let pipe = open(pipePath, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard pipe >= 0 else { return }
        defer { close(pipe) }
        var byte: UInt8 = 1
        _ = write(pipe, &byte, 1)
    }

    private func listenForKnocks() {
        // For writing too: a pipe without any writer would be at its end all the time.
        let pipe = open(pipePath, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard pipe >= 0, let wakeUp = WakeUp() else { return }
        Self.drain(pipe)
        state.withLock { $0.wakeUp = wakeUp }
        queue.async { [weak self] in
            // Nothing is read: the byte is drained by the newcomer, once the role is its own.
            if wakeUp.wait(or: pipe, until: .now.advanced(by: .seconds(30 * 86400))) == .changed { self?.want() }
            close(pipe)
        }
    }

    private func want() {
        let listener = state.withLock { state in
            state.isWanted = true
            return state.listener
        }
        listener?()
    }

    private static func drain(_ pipe: Int32) {
        var block = [UInt8](repeating: 0, count: 64)
        while read(pipe, &block, block.count) > 0 {}
    }

    private static func file(_ path: String) throws(ProgramError) -> Int32 {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if file < 0 { throw problem(path, Errno(rawValue: errno)) }
        return file
    }

    /// A short name for a list of texts: their 64-bit FNV-1a hash.
    static func mark(_ subject: [String]) -> String {
        String(FNV1a.hash(subject.joined(separator: "\0").utf8), radix: 16)
    }

    private static func problem(_ path: String, _ reason: Errno) -> ProgramError {
        let advice = "Remove it, or set runtime_directory to another folder."
        return ProgramError(Scarcity.status(reason), "cannot open \(path): \(reason)", advice: advice)
    }
}
