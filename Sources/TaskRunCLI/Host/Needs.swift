import Handlers
import Platform
import SystemPackage
import TaskRun

/// What this process needs.
///
/// It is checked before anything waits: otherwise the process would stand still or stop later.
enum Needs {
    /// Threads that are kept: of a run, of its connection, and one that helps out.
    private static let threads = 3
    /// Open files: the database with its journal, the handler slots, what the runtime waits with, and one program.
    private static let files = 32

    /// What is missing, as an error, or nil if nothing is.
    static func shortage() -> ProgramError? {
        if let reason = shortageOfFiles() {
            return ProgramError(
                .tryAgain,
                "cannot begin: \(files) more files cannot be opened: \(reason)",
                advice: "Raise the limit of open files (ulimit -n, LimitNOFILE)."
            )
        }
        var error = BlockingThread.keep(threads)
        if error == 0 { error = RunWatch.begin() }
        guard let reason = error == 0 ? ThreadProbe.shortage() : Errno(rawValue: error) else { return nil }
        return ProgramError(
            .tryAgain,
            "cannot begin: this process does not get the threads that it needs: \(reason)",
            advice: RunWatch.advice
        )
    }

    private static func shortageOfFiles() -> Errno? {
        let first = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard first >= 0 else { return Scarcity.isMeant(errno) ? Errno(rawValue: errno) : nil }
        var opened = [first]
        defer { for file in opened { close(file) } }
        while opened.count < files {
            let next = fcntl(first, F_DUPFD_CLOEXEC, 3)
            // EINVAL: the limit is below 3.
            guard next >= 0 else { return errno == EINVAL ? .tooManyOpenFiles : Errno(rawValue: errno) }
            opened.append(next)
        }
        return nil
    }
}

/// Error numbers that say that the machine has no more of something, which may pass without a person.
enum Scarcity {
    static func isMeant(_ number: Int32) -> Bool {
        [EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, EAGAIN].contains(number)
    }

    /// How a command ends that could not open a file or make a folder.
    static func status(_ reason: Errno) -> ExitStatus { isMeant(reason.rawValue) ? .tryAgain : .settings }
}
