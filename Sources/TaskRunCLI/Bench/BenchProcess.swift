import Handlers
import Platform
import SystemPackage

/// One run of a measurement in a process of its own: this program, started with `bench-run`.
///
/// It says a line when it is ready, begins when it is given one, and says its outcome as a JSON line.
///
/// A class: it owns a process and two pipes.
final class BenchProcess {
    private let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var answer: [UInt8] = []
    private(set) var status: Int32?

    /// Starts it; its stderr is this process's.
    ///
    /// - Throws: Errno where it cannot be started.
    init(_ arguments: [String], environment: [String: String]) throws(Errno) {
        let (childInput, input) = try Self.pipe()
        let (output, childOutput) = try Self.pipe()
        defer { for end in [childInput, childOutput] { close(end) } }
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        var actions = Self.noActions
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, childInput, 0)
        posix_spawn_file_actions_adddup2(&actions, childOutput, 1)
        let words = Self.strings([ProcessWords.all.first ?? "taskrun"] + arguments)
        let variables = Self.strings(environment.map { "\($0.key)=\($0.value)" })
        defer { for string in words + variables { free(string) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, Self.program, &actions, nil, words, variables)
        (self.pid, self.input, self.output) = (pid, input, output)
        guard error == 0 else { throw Errno(rawValue: error) }
    }

    deinit {
        close(input)
        close(output)
    }

    /// Lets it begin.
    func begin() { _ = write(input, "\n", 1) }

    /// Asks it to end.
    func stop(_ signal: Int32 = SIGTERM) {
        if status == nil { kill(pid, signal) }
    }

    /// Looks how it is.
    ///
    /// - Returns: The whole lines that it has said so far.
    func look() -> [String] {
        var ended: Int32 = 0
        if status == nil, waitpid(pid, &ended, WNOHANG) == pid { status = ended }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(output, &buffer, buffer.count), count > 0 { answer += buffer[..<count] }
        return answer.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// This program, also where its file was replaced meanwhile.
    private static var program: String {
        #if os(Linux)
        "/proc/self/exe"
        #else
        ProcessWords.all.first ?? "taskrun"
        #endif
    }

    #if canImport(Darwin)
    private static var noActions: posix_spawn_file_actions_t? { nil }
    #else
    private static var noActions: posix_spawn_file_actions_t { posix_spawn_file_actions_t() }
    #endif

    /// A pipe that programs started by others do not get.
    private static func pipe() throws(Errno) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        let made = Platform.pipe(&ends)
        guard made == 0 else { throw Errno(rawValue: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }
}
