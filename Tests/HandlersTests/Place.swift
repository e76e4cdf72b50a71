import Foundation
import Logging
import Synchronization
import TaskRun
import TestSupport
import Testing

@testable import Handlers

/// A folder of its own for one test, with a handlers folder in it; gone afterwards.
struct Place: Sendable {
    let path: String
    var handlers: String { "\(path)/handlers" }

    /// Settings for executables of this place; `PATH` as this process has it.
    func settings(
        run: String = "run-\(UUID().uuidString)",
        environment: [String: String] = [:],
        killAfter: Duration = .seconds(30),
        resultLimit: Int = 1 << 20
    ) -> ExecutableSettings {
        let inherited = ExecutableSettings.environment(from: ProcessInfo.processInfo.environment)
        return ExecutableSettings(
            run: run,
            environment: inherited.merging(environment) { $1 },
            killAfter: killAfter,
            resultLimit: resultLimit,
            privateFolder: path
        )
    }

    /// Writes a file below the place and returns its path.
    @discardableResult
    func write(_ text: String, to name: String, mode: Int = 0o644) throws -> String {
        try write(Data(text.utf8), to: name, mode: mode)
    }

    @discardableResult
    func write(_ data: Data, to name: String, mode: Int = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try TestSupport.write(data, toProgram: file, mode: mode)
        return file
    }

    /// Makes an executable handler of a shell script.
    func script(_ text: String, settings: ExecutableSettings? = nil) throws -> ExecutableHandler {
        let file = try write("#!/bin/sh\n\(text)\n", to: "handlers/TEST", mode: 0o755)
        return ExecutableHandler(name: "TEST", path: file, settings: settings ?? self.settings())
    }

    /// Performs one task with a shell script.
    func perform(
        _ text: String,
        _ task: ClaimedTask = task(),
        settings: ExecutableSettings? = nil,
        said: Said = Said()
    ) async throws -> HandlerOutcome {
        try await script(text, settings: settings).perform(task, said: said)
    }

    func text(of name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    func names(in folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
    }
}

/// Gives a test its place.
func withPlace(_ body: (Place) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-tests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: "\(path)/handlers", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(Place(path: path))
}

/// A claimed task with this payload.
func task(_ data: String = "{}", id: Int64 = 7, name: String = "TEST", attempt: Int = 1) -> ClaimedTask {
    task(Array(data.utf8), id: id, name: name, attempt: attempt)
}

func task(_ data: [UInt8], id: Int64 = 7, name: String = "TEST", attempt: Int = 1) -> ClaimedTask {
    ClaimedTask(
        proof: ClaimProof(id: id, number: 3),
        name: name,
        queue: "default",
        data: data,
        attempt: attempt,
        maxAttempts: nil,
        timeout: nil,
        crashes: 0
    )
}

/// What a handler said while it worked.
final class Said: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

extension TaskContext {
    /// The context of a task; progress and log lines go to `said`.
    static func of(
        _ task: ClaimedTask,
        deadline: Date = Date(timeIntervalSinceNow: 3_600),
        said: Said = Said()
    ) -> TaskContext {
        TaskContext(
            task: task,
            maxAttempts: 20,
            deadline: deadline,
            logger: Logger(label: "test") { _ in SaidLog(said: said) },
            report: { said.add("progress \($0.done)/\($0.total.map(String.init) ?? "?") \($1 ?? "")") }
        )
    }
}

private struct SaidLog: LogHandler {
    let said: Said
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { said.add("\(event.level): \(event.message)") }
}

extension Handler {
    /// Performs one task with an ordinary context.
    func perform(_ task: ClaimedTask, said: Said = Said()) async -> HandlerOutcome {
        await perform(task, in: .of(task, said: said))
    }
}

extension HandlerOutcome {
    /// The error text of a failure of either kind, or why it did not begin; nil for anything else.
    var error: String? {
        switch self {
        case .failed(let error, _), .permanentlyFailed(let error): error
        case .notBegun(let why): why.reason
        default: nil
        }
    }

    /// The result as text.
    var result: String? {
        if case .succeeded(let bytes, _) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// What was in the way of one that did not begin.
    var obstacle: NotBegun.Cause? { if case .notBegun(let why) = self { why.cause } else { nil } }

    var isPermanent: Bool { if case .permanentlyFailed = self { true } else { false } }
}

/// Waits for a condition, for as long as a loaded machine may need.
func eventually(within limit: Duration = .seconds(300), _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}

/// Whether a process is there and not just waiting to be reaped.
func isAlive(_ process: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let end = stat.lastIndex(of: ")")
    else { return false }
    return !["Z", "X"].contains(stat[stat.index(end, offsetBy: 2)...].prefix(1))
}
