import SystemPackage
public import TaskRun

/// A handler that is a program which stays up for the run and performs one task after the other, in any language.
///
/// It reads one line of JSON for each task and writes one for its end; `docs/stream-protocol.md` has every message. As
/// many of it run at once as it has tasks at once; each is started when first needed, and again after a crash, which
/// fails the one task that it had. It gets a session and a process group of its own, and what its stderr says is logged.
public struct StreamHandler: Handler {
    /// The task name: the file's name without `.stream` and one extension.
    public let name: String
    /// Always ``HandlerKind/stream``.
    public var kind: HandlerKind { .stream }
    /// The file's path.
    public var origin: String { path.string }
    /// None of its own: a file cannot say.
    public var limits: HandlerLimits { HandlerLimits() }

    private let path: FilePath
    private let pool: StreamPool

    /// Creates a handler for a program; nothing is started yet.
    ///
    /// - Parameters:
    ///   - name: The task name.
    ///   - path: Where the program is; a relative path is made absolute at once.
    ///   - settings: What it has in common with executables. The larger of ``ExecutableSettings/resultLimit`` and
    ///     ``ExecutableSettings/maxResult`` is the longest line that it may write.
    public init(name: String, path: String, settings: ExecutableSettings) {
        self.name = name
        self.path = Files.absolute(path)
        var environment = settings.environment
        environment["TASKRUN_RUN"] = settings.run
        environment["TASKRUN_TASK_NAME"] = name
        environment["TASKRUN_STREAM"] = "1"
        pool = StreamPool(
            program: Program(
                path: self.path,
                environment: environment,
                workingDirectory: settings.workingDirectory(for: self.path),
                isHandler: true
            ),
            killAfter: settings.killAfter,
            lineLimit: max(settings.resultLimit, settings.maxResult)
        )
    }

    /// Gives the task to a program that is free, or to a new one, and tells from its answer how the attempt ended.
    public func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        await perform(task, in: context) { _ in nil }
    }

    /// The same, and the program's own thread goes on with the next task at once.
    public func perform(
        _ task: ClaimedTask,
        in context: TaskContext,
        next: @escaping NextTask
    ) async -> HandlerOutcome {
        await pool.perform(StreamTask(task: task, context: context), next: next)
    }

    /// Ends all its programs and waits for that.
    public func close() async { await pool.close() }
}
