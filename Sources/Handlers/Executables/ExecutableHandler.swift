import Logging
import Platform
import SystemPackage
public import TaskRun

/// A handler that is a program in the handlers folder, in any language.
///
/// It reads the payload from stdin. Its exit status decides: 0 is success, with stdout as the result; 75 is "try again
/// later"; 65, 77 and 78 are a permanent failure. Any other status, or a signal, is a failed attempt with stderr as the
/// error; of a long one the first 1.5 KiB and the last 6 KiB are kept. It may append lines to the file
/// `TASKRUN_OUTPUT`: `progress=3/10`, `retry_after=90s`, `note=…`, `add={…}`. It has its own session and process group.
/// When it has ended, the rest of the group is killed; if it was ended early, so is all that it started.
public struct ExecutableHandler: Handler {
    /// The task name: the file's name without one extension.
    public let name: String
    /// Always ``HandlerKind/executable``.
    public var kind: HandlerKind { .executable }
    /// Its path.
    public var origin: String { path.string }
    /// No limits of its own: a file cannot set any.
    public var limits: HandlerLimits { HandlerLimits() }

    private let path: FilePath
    private let workingDirectory: FilePath
    private let settings: ExecutableSettings

    /// Creates a handler for a program.
    ///
    /// - Parameters:
    ///   - name: The task name.
    ///   - path: The program's path; a relative path is made absolute at once.
    ///   - settings: The settings that all executables share.
    public init(name: String, path: String, settings: ExecutableSettings) {
        self.name = name
        self.path = Files.absolute(path)
        self.workingDirectory = settings.workingDirectory(for: self.path)
        self.settings = settings
    }

    /// Starts the program, gives it the payload, and decides from its end how the attempt ended.
    public func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        await perform(task, in: context) { _ in nil }
    }

    /// Performs tasks one after the other; the thread that waited for the program continues with the next task at once.
    public func perform(
        _ task: ClaimedTask,
        in context: TaskContext,
        next: @escaping NextTask
    ) async -> HandlerOutcome {
        guard !Task.isCancelled else { return .stopped }
        do {
            return try await BlockingThread.run { cancelled in
                settings.outputs.whileKept {
                    var (task, context) = (task, context)
                    while true {
                        let outcome = perform(task, in: context, cancelled: cancelled)
                        guard let following = next(outcome) else { return outcome }
                        (task, context) = following
                    }
                }
            }
        } catch {
            return .notBegun(notBegun(error))
        }
    }

    private func perform(_ task: ClaimedTask, in context: TaskContext, cancelled: WakeUp) -> HandlerOutcome {
        let file: String
        do {
            file = try settings.outputs.makeFile()
        } catch {
            let reason = "cannot make the file for TASKRUN_OUTPUT in the runtime directory"
            return .notBegun(NotBegun(SpawnFailure.cause(of: error), "\(reason): \(SpawnFailure.describe(error))."))
        }
        defer { settings.outputs.removeFile(file) }
        let program = program(for: task, in: context, output: file)
        var last: HandlerOutput?
        do {
            let end = try program.run(input: task.data, cancelled: cancelled) {
                look(at: file, for: context, last: &last)
            }
            if let why = whyNotBegun(end, program) { return .notBegun(NotBegun(.handler, why)) }
            context.note(end.facts)
            let said = settings.outputs.text(of: file)
            let wishes = HandlerOutput.parse(said)
            // A short program has ended before its progress was read once.
            if let progress = wishes.progress, progress != last?.progress || wishes.note != last?.note {
                context.progress(progress.done, of: progress.total, note: wishes.note)
            }
            for remark in wishes.remarks { context.logger.warning("TASKRUN_OUTPUT: \(remark)") }
            if end.left > 0 {
                context.logger.warning(
                    "Processes that it started still run and cannot be ended from here: \(end.left)."
                )
            }
            if end.output.isCut {
                context.logger.warning(
                    "\(end.output.total) bytes on stdout: the first \(end.output.headLimit) are kept"
                )
            }
            let outcome = ExitMeaning.outcome(
                of: end,
                wishes: wishes,
                wasCancelled: cancelled.isAwake,
                interpreter: SpawnFailure.interpreterLine(ofFile: path.string)
            )
            // The part behind the limit may contain a follow-up too.
            let isWhole = said.count < OutputFolder.wholeLimit || size(of: file) <= OutputFolder.wholeLimit
            guard case .succeeded = outcome, !wishes.followUps.isEmpty || !isWhole else { return outcome }
            return context.follow(wishes.followUps, isWhole: isWhole) ?? outcome
        } catch {
            let why = notBegun(error)
            // It is unknown what the program did in that moment.
            if (error as? StartError)?.hasBegun == true { return .failed(error: why.reason) }
            return cancelled.isAwake ? .stopped : .notBegun(why)
        }
    }

    private func size(of file: String) -> Int { (try? FileStatus(path: file)).map { Int($0.size) } ?? 0 }

    private func notBegun(_ error: any Error) -> NotBegun {
        SpawnFailure.notBegun(error, path: origin, workingDirectory: workingDirectory.string)
    }

    /// Why a program that was started and ended at once never began its work, or nil if it did.
    private func whyNotBegun(_ end: ChildProcess.End, _ program: ChildProcess) -> String? {
        Interpreter.whyNotBegun(
            end.status,
            said: end.errors.head,
            path: origin,
            line: SpawnFailure.interpreterLine(ofFile: origin),
            searchPath: program.program.environment["PATH"]
        )
    }

    /// The program with its environment: the documented variables, and nothing else.
    private func program(for task: ClaimedTask, in context: TaskContext, output file: String) -> ChildProcess {
        var environment = settings.environment(ofTask: task.id)
        for field in HandlerField.allCases { environment[field.variable] = field.value(of: task, in: context)?.plain }
        environment["TASKRUN_OUTPUT"] = file
        return ChildProcess(
            program: Program(
                path: path,
                environment: environment,
                workingDirectory: workingDirectory,
                isHandler: true
            ),
            killAfter: settings.killAfter,
            outputLimit: task.token == nil ? settings.resultLimit : settings.maxResult
        )
    }

    /// Reads the file and reports new progress.
    private func look(at file: String, for context: TaskContext, last: inout HandlerOutput?) {
        var output = HandlerOutput.parse(settings.outputs.latestText(of: file), isWhole: false)
        // The note may have been written long ago.
        output.note = output.note ?? last?.note
        guard let progress = output.progress, output != last else { return }
        last = output
        context.progress(progress.done, of: progress.total, note: output.note)
    }
}

extension ChildProcess.End {
    /// What the history keeps of it.
    fileprivate var facts: ProgramFacts {
        switch status {
        case .exited(let code): ProgramFacts(exitCode: code, peakMemory: peakMemory)
        case .signaled(let number): ProgramFacts(signal: number, peakMemory: peakMemory)
        case .killedForSignal: ProgramFacts(signal: SIGKILL, peakMemory: peakMemory)
        }
    }
}

extension TaskContext {
    /// Asks for the follow-ups of a program.
    ///
    /// - Returns: How the task ends if they cannot be used, or nil if they were accepted.
    fileprivate func follow(_ objects: [[UInt8]], isWhole: Bool) -> HandlerOutcome? {
        do throws(PermanentFailure) {
            guard isWhole else {
                throw PermanentFailure(
                    "more than 64 MiB were written to TASKRUN_OUTPUT, and no task was added: write less, and add fewer"
                )
            }
            try add(NewTask.followUps(objects))
            return nil
        } catch {
            return .permanentlyFailed(error: error.description)
        }
    }
}
