import Logging
import Synchronization
import TaskRun

/// Hooks that write down what they are told, and answer as a test wants.
final class Diary: RunHooks {
    let events: Set<HookEvent>
    private let lines = Mutex<[String]>([])
    private let answer: @Sendable (HookTask) async throws -> HookAnswer
    private let beside: @Sendable (HookEvent) async throws -> Void

    init(
        _ events: Set<HookEvent> = Set(HookEvent.allCases),
        beside: @escaping @Sendable (HookEvent) async throws -> Void = { _ in },
        answer: @escaping @Sendable (HookTask) async throws -> HookAnswer = { _ in .go }
    ) {
        self.events = events
        self.beside = beside
        self.answer = answer
    }

    var all: [String] { lines.withLock { $0 } }
    func count(_ word: String) -> Int { all.count { $0.hasPrefix(word) } }

    private func note(_ event: HookEvent, _ text: String) async throws {
        lines.withLock { $0.append("\(event.rawValue) \(text)") }
        try await beside(event)
    }

    func runStart(_ run: RunIdentity) async throws { try await note(.runStart, run.host) }

    func beforePerform(_ task: HookTask) async throws -> HookAnswer {
        let data = String(decoding: task.data, as: UTF8.self)
        try await note(
            .beforePerform,
            "\(task.id) \(task.name) \(task.queue) \(task.attempt)/\(task.maxAttempts) \(data)"
        )
        return try await answer(task)
    }

    func afterPerform(_ task: HookTask, outcome: HandlerOutcome?, took: Duration) async throws {
        let end =
            switch outcome {
            case nil: "lease lost"
            case .succeeded, .settled: "succeeded"
            case .failed(let error, _): "failed: \(error)"
            case .permanentlyFailed(let error): "failed for ever: \(error)"
            case .later: "later"
            case .notBegun(let why): "not begun: \(why.reason)"
            case .skipped: "skipped"
            case .stopped: "stopped"
            case .cancelled: "cancelled"
            }
        try await note(.afterPerform, "\(task.id) \(end)")
    }

    func onFailure(_ task: HookTask, error: String, retryAfter: Duration?, took: Duration) async throws {
        try await note(.onFailure, "\(task.id) \(error) \(retryAfter.map { "again in \($0)" } ?? "never again")")
    }

    func onFailed(_ task: HookTask, error: String) async throws {
        try await note(.onFailed, "\(task.id) \(task.queue) \(String(decoding: task.data, as: UTF8.self)) \(error)")
    }

    func queueEmpty(_ report: RunReport) async throws { try await note(.queueEmpty, "\(report.succeeded)") }
    func runEnd(_ report: RunReport) async throws { try await note(.runEnd, "\(report.claimed)") }
}

/// A log that a test reads.
final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Lines(log: self) } }

    private struct Lines: LogHandler {
        let log: Log
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.lines.withLock { $0.append("\(event.message)") } }
    }
}
