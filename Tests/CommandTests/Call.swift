import Foundation

/// A program that was started.
///
/// Input and output go through files, so that no pipe can fill up.
/// Not Foundation's Process: it sees the end by a socket that programs started at the same moment inherit, such as the
/// database server, which then keeps the test waiting as long as it lives.
struct Call: Sendable {
    /// Its process number.
    let pid: pid_t
    private let files: (input: String, output: String, errors: String)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: Its path or name, and its arguments.
    ///   - environment: Its whole environment.
    ///   - folder: Its working directory.
    ///   - input: What it reads from stdin.
    ///   - isTypedTo: Whether it waits for more input, which ``type(_:)`` gives it.
    /// - Throws: What keeps it from being started.
    init(
        _ words: [String],
        environment: [String: String],
        folder: URL,
        input: String = "",
        isTypedTo: Bool = false
    ) throws {
        let stem = folder.appending(path: ".call-\(UUID().uuidString)").path
        files = (stem + "-in", stem + "-out", stem + "-err")
        if isTypedTo {
            guard mkfifo(files.input, 0o600) == 0 else { throw POSIXError(.EIO) }
        } else {
            try Data(input.utf8).write(to: URL(filePath: files.input))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files.input, isTypedTo ? O_RDWR : O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files.output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files.errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // What other tests are writing at this moment is not inherited: a program cannot be started while it can be written.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let file = Int32(name), file > 2 { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
        }
        // env(1) goes into the folder and becomes the program.
        let words = Self.strings(["env", "-C", folder.path] + words)
        let variables = Self.strings(environment.map { "\($0.key)=\($0.value)" })
        defer { for string in words + variables { free(string) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, "/usr/bin/env", &actions, nil, words, variables)
        guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .EIO) }
        self.pid = pid
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }

    /// Types keys, if it was started so that it waits for them.
    func type(_ keys: String) throws {
        let descriptor = open(files.input, O_WRONLY)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        defer { close(descriptor) }
        let bytes = Array(keys.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw POSIXError(.EIO) }
    }

    /// What it has written to stdout up to now.
    func outputSoFar() throws -> String { try Self.text(files.output) }

    /// What it has written to stderr up to now.
    func errorsSoFar() throws -> String { try Self.text(files.errors) }

    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    /// Waits for its end; to be called once.
    func answer() async throws -> Answer {
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 { try await Task.sleep(for: .milliseconds(5)) }
        let signal = status & 0x7f
        return Answer(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: try outputSoFar(),
            errors: try errorsSoFar()
        )
    }
}
