import Platform
import SystemPackage
import TaskRun

/// A program to be started once: fed, read to the end, and ended together with all it started.
///
/// When it is cancelled its process group gets SIGTERM and, ``killAfter`` later, SIGKILL. Once the program itself has
/// ended, what is left of its group gets SIGKILL. A process that left the group on purpose (a daemon) is followed only where
/// the program was cancelled and has not succeeded all the same.
struct ChildProcess: Sendable {
    var program: Program
    /// How long after SIGTERM comes SIGKILL.
    var killAfter: Duration
    /// How many bytes of stdout are kept.
    var outputLimit: Int

    /// How it ended and what it said.
    struct End: Sendable {
        let status: ProgramEnd
        let output: Capture
        let errors: Capture
        /// How many processes that it started go on though it was cancelled, as they cannot be ended: another user's.
        let left: Int
    }

    /// Runs it to its end on a thread of its own; see ``run(input:cancelled:everySecond:)``.
    func run(input: [UInt8]) async throws -> End {
        try await BlockingThread.run { cancelled in Result { try run(input: input, cancelled: cancelled) } }.get()
    }

    /// Runs it to its end, which blocks this thread.
    ///
    /// - Parameters:
    ///   - input: What it reads on stdin. A program that does not read it all is no error.
    ///   - cancelled: Hastens the end; it is still the program's own status that is returned.
    ///   - everySecond: Called once a second while it runs.
    /// - Returns: How it ended.
    /// - Throws: Why it could not be started; ``SpawnFailure`` says it for people.
    func run(input: [UInt8], cancelled: Bell, everySecond: () -> Void = {}) throws -> End {
        try DescriptorLimit.withProgram {
            attend(try start(cancelled), input, cancelled, everySecond)
        }
    }

    private func start(_ cancelled: Bell) throws(StartError) -> Child {
        for _ in 0..<20 {
            do throws(StartError) {
                return try Child(program)
            } catch {
                // Somebody has it open for writing, mostly for a moment: a deployment, or a process that was forked
                // from one and has not closed its files yet.
                guard error.reason == .textFileBusy, !cancelled.wait(.milliseconds(50)) else { throw error }
            }
        }
        return try Child(program)
    }

    /// How long a program is let alone; one that fills its pipes waits for no longer than this, once.
    private static let patience = Duration.milliseconds(10)

    private func attend(
        _ child: consuming Child,
        _ input: [UInt8],
        _ cancelled: Bell,
        _ everySecond: () -> Void
    ) -> End {
        var talk = Conversation(input: input, outputLimit: outputLimit)
        var ending = Ending(killAfter: killAfter)
        var nextLook = ContinuousClock.now + .seconds(1)
        talk.write(to: &child)
        // Most programs are short and say little: one that is let alone at first wakes this thread once, at its end.
        var isShort = false
        if talk.isAllWritten {
            isShort = talk.wait(for: child, bytes: false, cancelled: cancelled, until: .now + Self.patience).hasEnded
        }
        while !isShort {
            let moment = min(nextLook, ending.goOn(child) ?? nextLook)
            let event = talk.wait(for: child, cancelled: ending.hasBegun ? nil : cancelled, until: moment)
            if event.hasEnded { break }
            if event.isCancelled { ending.begin(child) }
            talk.exchange(with: &child)
            if ContinuousClock.now >= nextLook {
                everySecond()
                nextLook = .now + .seconds(1)
            }
        }
        // What the program itself wrote is in the pipes by now. What could still come is from processes it left behind,
        // and those that escape the signal must not keep us reading.
        child.signalGroup(SIGKILL)
        talk.readRest(of: child)
        let status = child.reap()
        // Or the next attempt would begin beside them.
        let left = status == .exited(0) ? 0 : ending.endStarted(program.environment)
        return End(status: status, output: talk.output, errors: talk.errors, left: left)
    }
}
