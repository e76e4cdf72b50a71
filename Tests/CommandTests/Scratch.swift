import Foundation
import Testing

/// A folder with a database, a handlers folder and a runtime directory of its own, and the built binary run in it.
struct Scratch: Sendable {
    /// The folder, which is the binary's working directory.
    let folder: URL
    /// Variables besides PATH and HOME.
    var variables: [String: String]

    /// Makes a folder, with tables in `tasks.db` unless they are not wanted, and removes it afterwards.
    static func with(tables: Bool = true, _ body: (Scratch) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "taskrun-command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Places for handlers are counted over all runs of a user: each test has a host of its own.
        let variables = ["TASKRUN_RUNTIME_DIRECTORY": folder.appending(path: "runtime").path]
        let scratch = Scratch(folder: folder, variables: variables)
        if tables { try #require(try await scratch.taskrun("migrate").status == 0) }
        try await body(scratch)
    }

    /// The same place with other variables.
    func setting(_ more: [String: String]) -> Scratch {
        Scratch(folder: folder, variables: variables.merging(more) { $1 })
    }

    /// Runs `taskrun` to its end.
    func taskrun(_ arguments: String..., input: String = "") async throws -> Answer {
        try await start(arguments, input: input).answer()
    }

    /// Starts `taskrun`.
    func start(_ arguments: [String], input: String = "") throws -> Call {
        try Call(Self.binary, arguments, environment: environment, folder: folder, input: input)
    }

    /// Runs SQL with the database's own shell, as any other program would; one line a row, columns joined by `|`.
    @discardableResult
    func sql(_ text: String, file: String = "tasks.db") async throws -> [String] {
        let arguments = ["sqlite3", "-cmd", ".timeout 60000", file, text]
        let call = try Call("/usr/bin/env", arguments, environment: environment, folder: folder, input: "")
        let answer = try await call.answer()
        try #require(answer.status == 0, "\(answer.errors)")
        return answer.lines
    }

    /// The environment that the binary gets.
    var environment: [String: String] {
        let own = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME"].contains($0.key) }
        return own.merging(variables) { $1 }
    }

    /// Writes a file below the folder.
    func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    /// Writes a shell script into the handlers folder.
    func handler(_ name: String, _ script: String) throws {
        try write("#!/bin/sh\n\(script)\n", to: "handlers/\(name)", mode: 0o755)
    }

    /// Whether something is there.
    func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: path).path) }

    /// The binary that was built with the tests.
    static let binary: String = {
        let bundle = Bundle.main.bundleURL
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let places = [
            bundle, bundle.deletingLastPathComponent(),
            URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent(), root.appending(path: ".build/debug"),
        ]
        return places.map { $0.appending(path: "taskrun").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "taskrun"
    }()
}

/// What a program answered.
struct Answer: Sendable {
    /// The exit code; a signal's number plus 128 for a program that was killed.
    let status: Int32
    /// stdout.
    let output: String
    /// stderr.
    let errors: String

    /// The lines of stdout.
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The JSON objects on stdout, one a line.
    func objects() throws -> [[String: Any]] {
        try lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }
}

/// A program that was started.
///
/// Input and output go through files, so that no pipe can fill up.
final class Call: Sendable {
    private let process: Process
    private let files: (input: URL, output: URL, errors: URL)

    init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        folder: URL,
        input: String
    ) throws {
        let stem = folder.appending(path: ".call-\(UUID().uuidString)").path
        files = (URL(filePath: stem + "-in"), URL(filePath: stem + "-out"), URL(filePath: stem + "-err"))
        try Data(input.utf8).write(to: files.input)
        for file in [files.output, files.errors] { try Data().write(to: file) }
        process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = folder
        process.standardInput = try FileHandle(forReadingFrom: files.input)
        process.standardOutput = try FileHandle(forWritingTo: files.output)
        process.standardError = try FileHandle(forWritingTo: files.errors)
        try process.run()
    }

    /// Its process number.
    var pid: Int32 { process.processIdentifier }

    /// Waits for its end.
    func answer() async throws -> Answer {
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        let isKilled = process.terminationReason == .uncaughtSignal
        return Answer(
            status: process.terminationStatus + (isKilled ? 128 : 0),
            output: String(decoding: try Data(contentsOf: files.output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: files.errors), as: UTF8.self)
        )
    }
}

/// Waits until a condition holds; the generous limit turns a test that would hang into one that fails.
func eventually(_ comment: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(120))
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(comment)
}
