import Logging
import Platform
import SystemPackage
public import TaskRun

/// A handler that is a program in the handlers folder, in any language.
///
/// The payload comes on stdin. Exit status 0 is success, with stdout as the result; 75: try again later; 65, 77 and 78:
/// permanent failure; any other, or a signal: failed attempt, with stderr as the error (of a long one the first 1.5 KB
/// and the last 6 KB). To the file `TASKRUN_OUTPUT` it may append lines: `progress=3/10`, `retry_after=90s`, `note=…`, `add={…}`.
/// It has a session and a process group of its own; when it has ended, what is left of the group is killed, and where it was
/// made to end all that it started.
public struct ExecutableHandler: Handler {
    /// The task name: the file's name without one extension.
    public let name: String
    /// Always ``HandlerKind/executable``.
    public var kind: HandlerKind { .executable }
    /// The file's path.
    public var origin: String { path.string }
    /// None of its own: a file cannot say.
    public var limits: HandlerLimits { HandlerLimits() }

    private let path: FilePath
    private let workingDirectory: FilePath
    private let settings: ExecutableSettings

    /// Creates a handler for a program.
    ///
    /// - Parameters:
    ///   - name: The task name.
    ///   - path: Where the program is; a relative path is made absolute at once.
    ///   - settings: What it has in common with the others.
    public init(name: String, path: String, settings: ExecutableSettings) {
        self.name = name
        self.path = Files.absolute(path)
        self.workingDirectory = settings.workingDirectory(for: self.path)
        self.settings = settings
    }

    /// Starts the program, feeds it the payload, and tells from its end how the attempt ended.
    public func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        await perform(task, in: context) { _ in nil }
    }

    /// The same, and the thread that waited for the program goes on with the next task at once.
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

    private func perform(_ task: ClaimedTask, in context: TaskContext, cancelled: Bell) -> HandlerOutcome {
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
            let said = settings.outputs.text(of: file)
            let wishes = HandlerOutput.parse(said)
            // A short program has ended before anybody looked.
            if let progress = wishes.progress, progress != last?.progress || wishes.note != last?.note {
                context.progress(progress.done, of: progress.total, note: wishes.note)
            }
            for remark in wishes.remarks { context.logger.warning("TASKRUN_OUTPUT: \(remark)") }
            if end.left > 0 {
                context.logger.warning(
                    "Processes that it started go on, as they cannot be ended from here: \(end.left)."
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
                wasCancelled: cancelled.isRung,
                interpreter: SpawnFailure.interpreterLine(ofFile: path.string)
            )
            // What stands behind the limit may be a task as well.
            let isWhole = said.count < OutputFolder.wholeLimit || size(of: file) <= OutputFolder.wholeLimit
            guard case .succeeded = outcome, !wishes.followUps.isEmpty || !isWhole else { return outcome }
            return context.follow(wishes.followUps, isWhole: isWhole) ?? outcome
        } catch {
            let why = notBegun(error)
            // What it has done in that moment nobody knows.
            if (error as? StartError)?.hasBegun == true { return .failed(error: why.reason) }
            return cancelled.isRung ? .stopped : .notBegun(why)
        }
    }

    private func size(of file: String) -> Int { (try? FileStatus(path: file)).map { Int($0.size) } ?? 0 }

    private func notBegun(_ error: any Error) -> NotBegun {
        SpawnFailure.notBegun(error, path: origin, workingDirectory: workingDirectory.string)
    }

    /// Why a program that was started and ended at once never began its work.
    private func whyNotBegun(_ end: ChildProcess.End, _ program: ChildProcess) -> String? {
        Interpreter.whyNotBegun(
            end.status,
            said: end.errors.head,
            path: origin,
            line: SpawnFailure.interpreterLine(ofFile: origin),
            searchPath: program.program.environment["PATH"]
        )
    }

    /// The program with its environment: DESIGN's list, and nothing else.
    private func program(for task: ClaimedTask, in context: TaskContext, output file: String) -> ChildProcess {
        var environment = settings.environment(
            task: task.id,
            name: task.name,
            queue: task.queue,
            attempt: task.attempt,
            of: context.maxAttempts
        )
        environment["TASKRUN_DEADLINE"] = context.deadline.formatted(.iso8601)
        environment["TASKRUN_OUTPUT"] = file
        environment["TASKRUN_BATCH"] = task.batch
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

    /// Looks at the file and reports progress that is new.
    private func look(at file: String, for context: TaskContext, last: inout HandlerOutput?) {
        var output = HandlerOutput.parse(settings.outputs.latestText(of: file), isWhole: false)
        // It may have been said long ago.
        output.note = output.note ?? last?.note
        guard let progress = output.progress, output != last else { return }
        last = output
        context.progress(progress.done, of: progress.total, note: output.note)
    }
}

extension TaskContext {
    /// Asks for the tasks that a program wants to follow.
    ///
    /// - Returns: How the task ends where they cannot be used; nil: they were taken.
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
