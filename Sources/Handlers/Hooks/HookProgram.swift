import Platform
import SystemPackage
public import TaskRun
import Text

/// A hook that is a program in the hooks folder, in any language.
///
/// It reads the event as one JSON object from stdin, and the event's name from `TASKRUN_EVENT`. Exit status 0 means: go
/// on. The hook `before-perform` may exit with 99 to skip the task. It may exit with 75 to give it back, after
/// `retry_after` if it writes that to the file `TASKRUN_OUTPUT`. Everything else is a warning. It has its own session
/// and process group. When it has ended, the rest of the group is killed.
public struct HookProgram: RunHooks {
    /// The exit status that skips a task; qmail's commands use 99 for "done, and no more".
    static let skip: Int32 = 99

    /// The event that it receives.
    public let event: HookEvent
    /// Only this event.
    public var events: Set<HookEvent> { [event] }
    /// Its path.
    public var origin: String { path.string }

    private let path: FilePath
    private let settings: ExecutableSettings

    /// Creates a hook for a program.
    ///
    /// - Parameters:
    ///   - event: The event that it receives.
    ///   - path: The program's path; a relative path is made absolute at once.
    ///   - settings: The settings that it shares with executables.
    public init(_ event: HookEvent, path: String, settings: ExecutableSettings) {
        self.event = event
        self.path = Files.absolute(path)
        self.settings = settings
    }

    /// Runs the program.
    public func runStart(_ run: RunIdentity) async throws {
        var message = HookMessage(event)
        message.add("host", run.host)
        message.add("pid", run.pid)
        try await tell(message)
    }

    /// Runs the program; its exit status is the answer.
    public func beforePerform(_ task: HookTask) async throws -> HookAnswer {
        var message = HookMessage(event)
        message.add(task)
        message.add(json: task.data, "data")
        let (end, wishes) = try await BlockingThread.run { [message] cancelled in
            Result { try withOutputFile { file in try run(message, about: task, output: file, cancelled) } }
        }.get()
        switch end.status {
        case .exited(0): return .go
        case .exited(Self.skip): return .skip(note: wishes.note ?? Self.lastLine(of: end))
        case .exited(ExitMeaning.later):
            return .postpone(after: wishes.retryAfter, note: wishes.note ?? Self.lastLine(of: end))
        default: throw failure(end)
        }
    }

    /// Runs the program.
    public func afterPerform(_ task: HookTask, outcome: HandlerOutcome?, took: Duration) async throws {
        var message = HookMessage(event)
        message.add(task)
        message.add(outcome)
        message.add("seconds", took)
        try await tell(message, about: task)
    }

    /// Runs the program.
    public func onFailure(_ task: HookTask, error: String, retryAfter: Duration?, took: Duration) async throws {
        var message = HookMessage(event)
        message.add(task)
        message.add("error", error)
        message.add("retry_after", retryAfter)
        message.add("seconds", took)
        try await tell(message, about: task)
    }

    /// Runs the program.
    public func onFailed(_ task: HookTask, error: String) async throws {
        var message = HookMessage(event)
        message.add(task)
        message.add("error", error)
        try await tell(message, about: task)
    }

    /// Runs the program.
    public func afterAdd(_ added: HookAddition) async throws {
        var message = HookMessage(event)
        message.add("count", added.count)
        message.add("first", added.firstID)
        message.add("last", added.lastID)
        if let task = added.task {
            message.add("name", task.name)
            message.add("queue", task.queue ?? "default")
            message.add(json: Array(task.data.utf8), "data")
        }
        try await tell(message)
    }

    /// Runs the program.
    public func queueEmpty(_ report: RunReport) async throws { try await tell(report) }

    /// Runs the program.
    public func runEnd(_ report: RunReport) async throws { try await tell(report) }

    private func tell(_ report: RunReport) async throws {
        var message = HookMessage(event)
        message.add(report)
        try await tell(message)
    }

    /// Runs the program; its exit status only says whether it went well.
    private func tell(_ message: HookMessage, about task: HookTask? = nil) async throws {
        var message = message
        if let task { message.add(json: task.data, "data") }
        let (end, _) = try await BlockingThread.run { [message] cancelled in
            Result { try run(message, about: task, output: nil, cancelled) }
        }.get()
        if end.status != .exited(0) { throw failure(end) }
    }

    private func withOutputFile<Value>(_ body: (String) throws -> Value) throws -> Value {
        let file: String
        do {
            file = try settings.outputs.makeFile()
        } catch {
            throw HookFailure("cannot make the file for TASKRUN_OUTPUT: \(SpawnFailure.describe(error))")
        }
        defer { settings.outputs.removeFile(file) }
        return try body(file)
    }

    /// Runs the program to its end, which blocks this thread.
    private func run(
        _ message: HookMessage,
        about task: HookTask?,
        output file: String?,
        _ cancelled: WakeUp
    ) throws -> (ChildProcess.End, HandlerOutput) {
        let workingDirectory = settings.workingDirectory(for: path)
        let program = ChildProcess(
            program: Program(
                path: path,
                environment: environment(task, output: file),
                workingDirectory: workingDirectory
            ),
            killAfter: .seconds(1),
            // Its output is not used, so all of it is dropped.
            outputLimit: 0
        )
        do {
            let end = try program.run(input: message.line, cancelled: cancelled)
            return (end, file.map { HandlerOutput.parse(settings.outputs.latestText(of: $0)) } ?? HandlerOutput())
        } catch {
            throw HookFailure(SpawnFailure.text(error, path: origin, workingDirectory: workingDirectory.string))
        }
    }

    private func environment(_ task: HookTask?, output file: String?) -> [String: String] {
        var environment = settings.environment
        if let task {
            environment = settings.environment(ofTask: task.id)
            environment[HandlerField.name.variable] = task.name
            environment[HandlerField.queue.variable] = task.queue
            environment[HandlerField.attempt.variable] = String(task.attempt)
            environment[HandlerField.maxAttempts.variable] = String(task.maxAttempts)
        }
        environment["TASKRUN_RUN"] = settings.run
        environment["TASKRUN_EVENT"] = event.rawValue
        environment["TASKRUN_OUTPUT"] = file
        return environment
    }

    private func failure(_ end: ChildProcess.End) -> HookFailure {
        let what =
            switch end.status {
            case .exited(let status): ExitMeaning.describe(status, SpawnFailure.interpreterLine(ofFile: origin))
            case .signaled(let number): "killed by \(Signals.describe(number))"
            case .killedForSignal: ExitMeaning.sentSignal
            }
        return HookFailure(ExitMeaning.text(what, Self.lastLine(of: end) ?? ""))
    }

    /// The last line on stderr, cut to 400 bytes, or nil if there is none.
    private static func lastLine(of end: ChildProcess.End) -> String? {
        end.errors.text.split(whereSeparator: \.isNewline).last.map {
            BoundedText.fit(String($0), bytes: 400)
        }
    }
}

/// Why a hook failed.
struct HookFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
