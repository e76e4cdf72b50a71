import Foundation
import Testing

/// The built binary, as cron or a person runs it.
enum Program {
    /// How a call ended.
    struct End: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// The binary that was built beside the tests.
    static let path: String = {
        let besides = Bundle.main.bundleURL.deletingLastPathComponent()
        let places = [
            Bundle.main.bundleURL, besides, URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent(),
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent(".build/debug"),
        ]
        return places.map { $0.appendingPathComponent("taskrun").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "taskrun"
    }()

    /// A call that goes on: to be waited for, or to be killed.
    final class Call: Sendable {
        private let process: Process
        private let files: (out: URL, err: URL)

        init(_ executable: String, _ arguments: [String], environment: [String: String], folder: URL) throws {
            let name = UUID().uuidString
            files = (folder.appendingPathComponent(".out-\(name)"), folder.appendingPathComponent(".err-\(name)"))
            process = Process()
            process.executableURL = URL(fileURLWithPath: executable)
            process.arguments = arguments
            process.environment = environment
            process.currentDirectoryURL = folder
            process.standardInput = FileHandle.nullDevice
            for file in [files.out, files.err] { try Data().write(to: file) }
            process.standardOutput = try FileHandle(forWritingTo: files.out)
            process.standardError = try FileHandle(forWritingTo: files.err)
            try process.run()
        }

        var pid: Int32 { process.processIdentifier }
        func kill(_ signal: Int32) { Foundation.kill(pid, signal) }

        /// Waits for the end; a status of 128 + n stands for signal n.
        func end() async throws -> End {
            while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
            let status =
                process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            let end = End(
                status: status,
                output: try String(contentsOf: files.out, encoding: .utf8),
                errors: try String(contentsOf: files.err, encoding: .utf8)
            )
            for file in [files.out, files.err] { try? FileManager.default.removeItem(at: file) }
            return end
        }
    }
}
