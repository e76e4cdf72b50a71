import SystemPackage
public import TaskRun

/// A handler that is a program which runs as long as the run and performs one task after the other, in any language.
///
/// It reads one line of JSON for each task and writes one for its end; `docs/stream-protocol.md` has every message.
/// taskrun starts one copy per concurrent task; each copy handles one task at a time. A copy is started when it is
/// first needed, and again after a crash, which fails the one task that it had. It has its own session and process
/// group, and its stderr is logged.
public struct StreamHandler: Handler {
    /// The task name: the file's name without `.stream` and one extension.
    public let name: String
    /// Always ``HandlerKind/stream``.
    public var kind: HandlerKind { .stream }
    /// Its path.
    public var origin: String { path.string }
    /// No limits of its own: a file cannot set any.
    public var limits: HandlerLimits { HandlerLimits() }

    private let path: FilePath
    private let pool: StreamPool

    /// Creates a handler for a program; nothing is started yet.
    ///
    /// - Parameters:
    ///   - name: The task name.
    ///   - path: The program's path; a relative path is made absolute at once.
    ///   - settings: The settings that it shares with executables. The larger of ``ExecutableSettings/resultLimit`` and
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

    /// Gives the task to a free program, or to a new one, and decides from its answer how the attempt ended.
    public func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        await perform(task, in: context) { _ in nil }
    }

    /// Performs tasks one after the other; the program's own thread continues with the next task at once.
    public func perform(
        _ task: ClaimedTask,
        in context: TaskContext,
        next: @escaping NextTask
    ) async -> HandlerOutcome {
        await pool.perform(StreamTask(task: task, context: context), next: next)
    }

    /// Ends all its programs and waits for their end.
    public func close() async { await pool.close() }
}
