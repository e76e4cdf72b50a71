#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import Subprocess
import SystemPackage

/// A program to be started once: fed, read to the end, and ended together with all it started.
///
/// It gets a session and a process group of its own. When the calling Swift task is cancelled, the group gets SIGTERM
/// and, ``killAfter`` later, SIGKILL. Once the program itself has ended, what is left of its group gets SIGKILL; a
/// process that left the group on purpose (a daemon) is not followed.
struct ChildProcess: Sendable {
    /// The program's absolute path.
    var path: FilePath
    var arguments: [String] = []
    var environment: [String: String]
    var workingDirectory: FilePath
    /// How long after SIGTERM comes SIGKILL.
    var killAfter: Duration
    /// How many bytes of stdout are kept.
    var outputLimit: Int

    /// How it ended and what it said.
    struct End: Sendable {
        let status: TerminationStatus
        let output: Capture
        let errors: Capture
    }

    /// Runs it to its end; cancellation hastens the end, and it is still the program's own status that is returned.
    ///
    /// - Parameters:
    ///   - input: What it reads on stdin. A program that does not read it all is no error.
    ///   - watch: Runs beside it, and is cancelled when it has ended.
    /// - Returns: How it ended.
    /// - Throws: Why it could not be started; ``SpawnFailure`` says it for people.
    func run(input: [UInt8], watch: @escaping @Sendable () async -> Void = {}) async throws -> End {
        Signals.prepared
        var tries = 0
        while true {
            do {
                return try await DescriptorLimit.withProgram { try await runOnce(input, watch) }
            } catch let error as SubprocessError {
                // Somebody has it open for writing, mostly for a moment: a deployment, or a process that was forked
                // from one and has not closed its files yet.
                tries += 1
                guard error.underlyingError == .textFileBusy, tries < 20, !Task.isCancelled else { throw error }
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private func runOnce(_ input: [UInt8], _ watch: @escaping @Sendable () async -> Void) async throws -> End {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: killAfter)]
        let variables = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        let outputLimit = outputLimit
        let result = try await Subprocess.run(
            .path(path),
            arguments: Arguments(arguments),
            environment: .custom(Dictionary(variables) { first, _ in first }),
            workingDirectory: workingDirectory,
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .sequence
        ) { execution in
            // Outlives the cancellation of the caller, which ends streams at once: what the program says and does
            // after SIGTERM counts. It ends with the program, so soon after SIGKILL at the latest.
            await Task { await Self.attend(execution, input, outputLimit, watch) }.value
        }
        let said = result.closureResult
        return End(status: result.terminationStatus, output: said.output, errors: said.errors)
    }

    private typealias Execution = Subprocess.Execution<CustomWriteInput, SequenceOutput, SequenceOutput>

    /// Feeds and reads the program until it has ended, then ends its group.
    private static func attend(
        _ execution: Execution,
        _ input: [UInt8],
        _ outputLimit: Int,
        _ watch: @escaping @Sendable () async -> Void
    ) async -> (output: Capture, errors: Capture) {
        if input.count <= smallestPipe {
            await feed(execution.standardInputWriter, input)
            return await listen(to: execution, outputLimit, watch)
        }
        // Beside the reading: a program may print much before it reads anything.
        async let feeding: Void = feed(execution.standardInputWriter, input)
        let said = await listen(to: execution, outputLimit, watch)
        await feeding
        return said
    }

    private static func listen(
        to execution: Execution,
        _ outputLimit: Int,
        _ watch: @escaping @Sendable () async -> Void
    ) async -> (output: Capture, errors: Capture) {
        let child = execution.processIdentifier.value
        // Cancelled, and then awaited, when this function returns.
        async let _: Void = watch()
        async let errors = read(execution.standardError, of: child, into: Capture(headLimit: 1_536, tailLimit: 6_144))
        let output = await read(execution.standardOutput, of: child, into: Capture(headLimit: outputLimit))
        let said = (output, await errors)
        await end(of: child)
        // Before it is reaped, which happens after this function: until then no other process can have its number.
        kill(-child, SIGKILL)
        return said
    }

    /// What every pipe takes at once, even where the user has too many of them: one page, pipe(7).
    private static let smallestPipe = 4_096

    private static func feed(_ writer: StandardInputWriter, _ input: [UInt8]) async {
        // A program that has enough, or has ended, closes its end: what it does not read it does not need.
        _ = try? await writer.write(input)
        try? await writer.finish()
    }

    /// Reads to the end of the stream, or until the program has ended and the pipe is empty.
    private static func read(
        _ stream: SubprocessOutputSequence,
        of child: pid_t,
        into empty: Capture
    ) async -> Capture {
        var capture = empty
        var afterwards = 0
        do {
            for try await buffer in stream {
                buffer.withUnsafeBytes { capture.append($0) }
                guard hasEnded(child) else { continue }
                // What the program itself wrote is in the pipe by now. What still comes in is from processes it left
                // behind, and those that escape the signal must not keep us reading.
                kill(-child, SIGKILL)
                afterwards += buffer.count
                if afterwards >= largestPipe { break }
            }
        } catch {
            return capture  // the pipe broke: there is nothing more to read
        }
        return capture
    }

    /// The most a pipe can hold: what an ordinary user may set, `/proc/sys/fs/pipe-max-size`, pipe(7).
    private static let largestPipe = 1 << 20

    /// Waits until the program has ended, without reaping it.
    ///
    /// swift-subprocess 1.0.2 waits for the end only after its closure, and then reaps at once. The streams end a few
    /// microseconds before the process does, so giving way to others is mostly enough; a program that closes its
    /// streams and goes on is looked at every 50 ms.
    private static func end(of child: pid_t) async {
        var pause = Duration.microseconds(200)
        var looks = 0
        while !hasEnded(child) {
            looks += 1
            if looks < 100 {
                await Task.yield()
            } else {
                // Not cancelled: see the caller.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(50))
            }
        }
    }

    private static func hasEnded(_ child: pid_t) -> Bool {
        var info = siginfo_t()
        // WNOWAIT leaves it to be reaped; si_signo stays 0 while it runs, waitid(2).
        return waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo != 0
    }
}
