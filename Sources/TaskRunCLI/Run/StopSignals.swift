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
    /// Runs `body`; SIGTERM and SIGINT meanwhile ask for a stop, the second one for a stop at once.
    ///
    /// - Parameters:
    ///   - stop: Is asked.
    ///   - beside: Goes on meanwhile and is cancelled at the end.
    ///   - body: The run.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    static func listen<Result>(
        _ stop: StopSignal,
        beside: @escaping @Sendable () async -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        outliveBrokenPipes()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { stop.request() } }
            group.addTask { await beside() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// A pipe that nobody reads any more, a handler's or that of stderr, must not end the run.
    ///
    /// A handler that does nothing, not SIG_IGN: what is ignored stays ignored in the programs that are started.
    private static func outliveBrokenPipes() { signal(SIGPIPE) { _ in } }
}
