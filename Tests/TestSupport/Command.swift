import Foundation
import Subprocess
import SystemPackage

/// A program that is run to its end, for what tests need from outside.
public struct Command: Sendable {
    /// How a program ended and what it wrote.
    public struct Outcome: Sendable {
        /// The exit code; a signal's number plus 128 for a program that was killed.
        public let status: Int32
        /// Its standard output.
        public let output: String
        /// Its standard error.
        public let errors: String
    }

    /// A program that did not end well.
    public struct Failure: Error, CustomStringConvertible {
        /// What was run and what it wrote on standard error.
        public let description: String

        /// Creates a failure with its text.
        public init(description: String) { self.description = description }
    }

    /// The program's path and its arguments.
    public var words: [String]
    /// The whole environment; nil: that of the test.
    public var environment: [String: String]?
    /// What it reads from standard input.
    public var input: String

    /// Describes a program to be run.
    public init(_ words: [String], environment: [String: String]? = nil, input: String = "") {
        self.words = words
        self.environment = environment
        self.input = input
    }

    /// Runs the program and waits for its end; the thread is not held meanwhile.
    ///
    /// Input and output go through files: a pipe would be held open by a server that the program starts.
    ///
    /// - Returns: How it ended, well or not.
    /// - Throws: What Foundation reports where it cannot be started.
    public func outcome() async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (inputFile, outputFile, errorFile) = (
            folder.appending(path: "in"), folder.appending(path: "out"), folder.appending(path: "err")
        )
        try Data(input.utf8).write(to: inputFile)
        for file in [outputFile, errorFile] { try Data().write(to: file) }

        let input = try FileDescriptor.open(inputFile.path, .readOnly)
        let output = try FileDescriptor.open(outputFile.path, .writeOnly)
        let errors = try FileDescriptor.open(errorFile.path, .writeOnly)
        // Not Foundation's Process: on Linux it takes a program for running while a server that it started is.
        let result = try await Subprocess.run(
            .path(FilePath(words[0])),
            arguments: Arguments(Array(words.dropFirst())),
            environment: environment.map { all in
                .custom(
                    Dictionary(uniqueKeysWithValues: all.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
                )
            } ?? .inherit,
            input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .fileDescriptor(output, closeAfterSpawningProcess: true),
            error: .fileDescriptor(errors, closeAfterSpawningProcess: true)
        )
        let status: Int32
        switch result.terminationStatus {
        case .exited(let code): status = code
        case .signaled(let signal): status = signal + 128
        }
        return Outcome(
            status: status,
            output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)
        )
    }

    /// Runs the program, which has to end well.
    ///
    /// - Returns: Its standard output without the line feed at the end.
    /// - Throws: ``Failure`` for an exit code other than 0.
    @discardableResult
    public func run() async throws -> String {
        let outcome = try await outcome()
        guard outcome.status == 0 else {
            throw Failure(
                description:
                    "\(words.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)\(outcome.output)"
            )
        }
        return outcome.output.hasSuffix("\n") ? String(outcome.output.dropLast()) : outcome.output
    }
}
