#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import TaskRun
import UnixSignals

/// What this process does about signals while a run is under way.
enum StopSignals {
    /// Runs `body`; SIGTERM, SIGINT and SIGHUP meanwhile ask for a stop, the second one for a stop at once.
    ///
    /// - Parameters:
    ///   - stop: Is asked.
    ///   - isUrgent: Whether the first one asks for a stop at once.
    ///   - beside: Goes on meanwhile and is cancelled at the end.
    ///   - body: The run.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    static func listen<Result>(
        _ stop: StopSignal,
        isUrgent: Bool = false,
        beside: @escaping @Sendable () async -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        outliveBrokenPipes()
        // Asked before: from then on this process ignores what it listens to.
        let all: [UnixSignal] = isHangupIgnored ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
        let signals = await UnixSignalsSequence(trapping: all)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in signals {
                    stop.request()
                    if isUrgent { stop.request() }
                }
            }
            group.addTask { await beside() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// Whether this process was started to outlive its terminal, as nohup(1) does.
    private static let isHangupIgnored: Bool = {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        #if os(Linux)
        let handler = withUnsafeBytes(of: &action.__sigaction_handler) { $0.load(as: Int.self) }
        #else
        let handler = withUnsafeBytes(of: &action.__sigaction_u) { $0.load(as: Int.self) }
        #endif
        // Function pointers cannot be compared in Swift, numbers can.
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }()

    /// A pipe that nobody reads any more, a handler's or that of stderr, must not end the run.
    ///
    /// A handler that does nothing, not SIG_IGN: what is ignored stays ignored in the programs that are started.
    private static func outliveBrokenPipes() { signal(SIGPIPE) { _ in } }
}
