import CSpawn
import Platform
import SystemPackage

/// A program that was started: the leader of its own session and process group, with three pipes to this process.
///
/// Not copyable, because its number is its own only until it is reaped: the owner of the value can send signals, and
/// ``reap()`` consumes the value. A child that is merely dropped is killed with its group and reaped.
struct Child: ~Copyable, Sendable {
    /// Its process number, which is also that of its process group and session.
    let process: pid_t
    /// Readable, to poll(2), once the program itself has ended.
    let end: Int32
    /// This process's end of its stdin, which does not block; -1 once closed.
    private(set) var input: Int32
    /// This process's end of its stdout, which does not block; -1 once closed.
    private(set) var output: Int32
    /// This process's end of its stderr, which does not block; -1 once closed.
    private(set) var errors: Int32
    /// Where it is recorded while it runs.
    private let place: record_place

    /// Starts a program; returns when it has begun.
    init(_ program: Program) throws(StartError) {
        Signals.prepared
        var child = spawned_child()
        let place = ProgramRecord.shared.enter()
        let fault = withCStrings([program.path.string] + program.arguments) { arguments in
            withCStrings(program.environment.map { "\($0.key)=\($0.value)" }) { environment in
                spawn_child(program.path.string, arguments, environment, program.workingDirectory.string, place, &child)
            }
        }
        ProgramRecord.shared.born(fault.error == 0 ? child.process : nil, at: place)
        guard fault.error == 0 else {
            let isWorkingDirectory = fault.step == spawn_enter_directory
            var error = StartError(reason: Errno(rawValue: fault.error), isWorkingDirectory: isWorkingDirectory)
            error.hasBegun = fault.step == spawn_follow
            throw error
        }
        self.place = place
        process = child.process
        end = child.end
        input = child.input
        output = child.output
        errors = child.errors
        HandlerSessions.enter(process, isHandler: program.isHandler)
    }

    /// Starts a program; if another process has its file open for writing, it tries again for a second, unless it is
    /// woken.
    ///
    /// That is mostly for a moment: a deployment, or a process that was forked from one and has not closed its files
    /// yet.
    static func start(_ program: Program, unless cancelled: WakeUp) throws(StartError) -> Child {
        for _ in 0..<20 {
            do throws(StartError) {
                return try Child(program)
            } catch {
                guard error.reason == .textFileBusy, !cancelled.wait(.milliseconds(50)) else { throw error }
            }
        }
        return try Child(program)
    }

    /// Closes its stdin, so that it reads the end of the file.
    mutating func closeInput() { Self.shut(&input) }

    /// Closes its stdout; if it writes more, it gets SIGPIPE.
    mutating func closeOutput() { Self.shut(&output) }

    /// Closes its stderr; if it writes more, it gets SIGPIPE.
    mutating func closeErrors() { Self.shut(&errors) }

    /// Sends a signal to all processes in its group.
    func signalGroup(_ signal: Int32) {
        // An empty group is no error. Before the child is reaped no other group can have this number.
        kill(-process, signal)
    }

    /// Waits until it has ended, kills the rest of its group, and reads its status from the kernel.
    consuming func reap() -> ProgramEnd { reapMeasuring().end }

    /// Does what ``reap()`` does, and says how much memory the program, or one of the processes that it waited for, had
    /// at most, in bytes; nil if this process has had more.
    ///
    /// A program begins as a copy of this process, so the kernel counts this process' memory as the program's.
    consuming func reapMeasuring() -> (end: ProgramEnd, peakMemory: Int64?) {
        let end = finish()
        discard self
        return end
    }

    deinit {
        kill(-process, SIGKILL)
        _ = finish()
    }

    private borrowing func finish() -> (end: ProgramEnd, peakMemory: Int64?) {
        var information = siginfo_t()
        // WNOWAIT: it keeps its number until the group is killed.
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        kill(-process, SIGKILL)
        let hasSentSignal = HandlerSessions.leave(process)
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
        var own = rusage()
        getrusage(ownUsage, &own)
        // Linux counts in KiB.
        let peak = usage.ru_maxrss > own.ru_maxrss ? Int64(usage.ru_maxrss) << 10 : nil
        ProgramRecord.shared.gone(process, at: place)
        for descriptor in [input, output, errors, end] where descriptor >= 0 { close(descriptor) }
        // This does what WIFEXITED and similar macros do, which Swift does not see.
        if status & 0x7f == 0 { return (.exited((status >> 8) & 0xff), peak) }
        let isKilled = hasSentSignal && status & 0x7f == SIGKILL
        return (isKilled ? .killedForSignal : .signaled(status & 0x7f), peak)
    }

    private static func shut(_ descriptor: inout Int32) {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}

// The C libraries declare it in different ways.
#if canImport(Glibc)
private let ownUsage = __rusage_who_t(RUSAGE_SELF.rawValue)
#else
private let ownUsage = RUSAGE_SELF
#endif
