import Platform
import SystemPackage
import TaskRun

/// A program that is started once: it gets its input, its output is read to the end, and all that it started ends with
/// it.
///
/// When it is cancelled, its process group gets SIGTERM and, ``killAfter`` later, SIGKILL. Once the program itself has
/// ended, the rest of its group gets SIGKILL. A process that left the group on purpose (a daemon) is only ended if the
/// program was cancelled and has not succeeded nevertheless.
struct ChildProcess: Sendable {
    var program: Program
    /// How long after SIGTERM to send SIGKILL.
    var killAfter: Duration
    /// How many bytes of stdout are kept.
    var outputLimit: Int

    /// How it ended and what it wrote.
    struct End: Sendable {
        let status: ProgramEnd
        /// The most memory that it, or one of the processes that it waited for, had at once, in bytes, if that is
        /// known.
        let peakMemory: Int64?
        let output: Capture
        let errors: Capture
        /// How many processes that it started go on although it was cancelled, because they belong to another user.
        let left: Int
    }

    /// Runs it to its end on a thread of its own; see ``run(input:cancelled:everySecond:)``.
    func run(input: [UInt8]) async throws -> End {
        try await BlockingThread.run { cancelled in Result { try run(input: input, cancelled: cancelled) } }.get()
    }

    /// Runs it to its end, which blocks this thread.
    ///
    /// - Parameters:
    ///   - input: Its stdin. A program that does not read all of it is no error.
    ///   - cancelled: Ends it early; the result is still the program's own status.
    ///   - everySecond: Called once a second while it runs.
    /// - Returns: How it ended.
    /// - Throws: Why it could not be started; ``SpawnFailure`` explains it for people.
    func run(input: [UInt8], cancelled: WakeUp, everySecond: () -> Void = {}) throws -> End {
        try DescriptorLimit.withProgram {
            attend(try Child.start(program, unless: cancelled), input, cancelled, everySecond)
        }
    }

    /// How long a program is left alone; a program that fills its pipes waits no longer than this, once.
    private static let patience = Duration.milliseconds(10)

    private func attend(
        _ child: consuming Child,
        _ input: [UInt8],
        _ cancelled: WakeUp,
        _ everySecond: () -> Void
    ) -> End {
        var conversation = Conversation(input: input, outputLimit: outputLimit)
        var ending = Ending(killAfter: killAfter)
        var nextLook = ContinuousClock.now + .seconds(1)
        conversation.write(to: &child)
        // Most programs are short and write little. A program that is left alone at first wakes this thread once, at
        // its end.
        var isShort = false
        if conversation.isAllWritten {
            let end = ContinuousClock.now + Self.patience
            isShort = conversation.wait(for: child, bytes: false, cancelled: cancelled, until: end).hasEnded
        }
        while !isShort {
            let moment = min(nextLook, ending.goOn(child) ?? nextLook)
            let event = conversation.wait(for: child, cancelled: ending.hasBegun ? nil : cancelled, until: moment)
            if event.hasEnded { break }
            if event.isCancelled { ending.begin(child) }
            conversation.exchange(with: &child)
            if ContinuousClock.now >= nextLook {
                everySecond()
                nextLook = .now + .seconds(1)
            }
        }
        // The output of the program itself is in the pipes by now. Only processes that it left behind could write more,
        // and a process that escapes the signal must not keep this thread reading.
        child.signalGroup(SIGKILL)
        conversation.readRest(of: child)
        let (status, peakMemory) = child.reapMeasuring()
        // Otherwise the next attempt would begin beside them.
        let left = status == .exited(0) ? 0 : ending.endStarted(program.environment)
        return End(
            status: status,
            peakMemory: peakMemory,
            output: conversation.output,
            errors: conversation.errors,
            left: left
        )
    }
}
