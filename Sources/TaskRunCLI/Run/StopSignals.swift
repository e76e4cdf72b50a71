import Handlers
import Platform
import Synchronization
import SystemPackage
import TaskRun

/// What this process does about signals while a run is under way.
enum StopSignals {
    /// Runs `body`.
    ///
    /// Meanwhile SIGTERM, SIGINT and SIGHUP request a stop, and a second one an immediate stop.
    ///
    /// - Parameters:
    ///   - stop: Receives the requests.
    ///   - isUrgent: Whether already the first signal requests an immediate stop.
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
        try hear.get()
        let number = listeners.withLock { listeners in
            let number = listeners.next
            listeners.next += 1
            listeners.all[number] = {
                stop.request()
                if isUrgent { stop.request() }
            }
            return number
        }
        defer { listeners.withLock { $0.all[number] = nil } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await beside() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// The runs that each signal asks to stop.
    private struct Listeners {
        var next = 0
        var all: [Int: @Sendable () -> Void] = [:]
    }

    private static let listeners = Mutex(Listeners())

    /// Begins to listen, once; from then on this process does nothing else about these signals.
    ///
    /// A handler that sends one does not stop its run: its attempt has failed.
    private static let hear: Result<Void, ProgramError> = {
        let all = isHangupIgnored ? [SIGTERM, SIGINT] : [SIGTERM, SIGINT, SIGHUP]
        let error = SentSignals.listen(to: all) {
            for listener in listeners.withLock({ Array($0.all.values) }) { listener() }
        }
        guard error != 0 else { return .success(()) }
        let reason = Errno(rawValue: error)
        return .failure(ProgramError(.tryAgain, "cannot listen to signals: \(reason)", advice: RunWatch.advice))
    }()

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

    /// A pipe without a reader, a handler's or that of stderr, must not end the run.
    ///
    /// A handler that does nothing, not SIG_IGN: what is ignored stays ignored in the programs that are started.
    private static func outliveBrokenPipes() { signal(SIGPIPE) { _ in } }
}
