import Foundation
import Logging
import Synchronization
import TaskRun
import Testing

/// A handler made of a closure, which also keeps count.
final class ClosureHandler: Handler {
    let name: String
    let limits: HandlerLimits
    let kind = HandlerKind.swift
    let origin = "a test"
    let performed = Mutex<[Int64]>([])
    private let atOnce = Mutex((now: 0, most: 0))
    private let body: @Sendable (ClaimedTask, TaskContext) async -> HandlerOutcome

    init(
        _ name: String = "A",
        limits: HandlerLimits = HandlerLimits(),
        _ body: @escaping @Sendable (ClaimedTask, TaskContext) async -> HandlerOutcome = { _, _ in .succeeded() }
    ) {
        self.name = name
        self.limits = limits
        self.body = body
    }

    func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        performed.withLock { $0.append(task.id) }
        atOnce.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
        defer { atOnce.withLock { $0.now -= 1 } }
        return await body(task, context)
    }

    var ids: [Int64] { performed.withLock { $0.sorted() } }
    var mostAtOnce: Int { atOnce.withLock { $0.most } }
}

/// Something a test waits for: opened once.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func open() {
        state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }.forEach { $0.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Waits until a condition holds; a generous limit turns a hanging test into a failing one.
///
/// - Returns: Whether it came.
@discardableResult
func eventually(
    _ comment: Comment,
    at place: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: .seconds(300))
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(comment, sourceLocation: place)
    return false
}

extension Fixture {
    /// Adds tasks that are due now.
    @discardableResult
    func due(_ count: Int = 1, name: String = "A", maxAttempts: Int? = nil) async throws -> [Int64] {
        try await store.add((0..<count).map { _ in NewTask(name: name, maxAttempts: maxAttempts) })
    }

    func makeRun(
        _ handlers: [any Handler],
        store: (any TaskStore)? = nil,
        slots: any HostSlots = ProcessSlots(64),
        stop: StopSignal = StopSignal(),
        turn: (any ClaimingRole)? = nil,
        pid: Int32 = 1,
        hooks: [any RunHooks] = [],
        record: RunRecord? = nil,
        logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        _ change: (inout RunSettings) -> Void = { _ in },
        observer: (@Sendable (RunEvent) -> Void)? = nil
    ) throws -> Run {
        var settings = RunSettings(concurrency: 2)
        // No test comes to its end by it, on a slow machine either.
        settings.window = .seconds(600)
        change(&settings)
        return Run(
            store: store ?? self.store,
            registry: try HandlerRegistry(handlers),
            settings: settings,
            identity: RunIdentity(host: "test", pid: pid, startTicks: 1, bootID: "boot", namespace: 1),
            slots: slots,
            stop: stop,
            claimingRole: turn,
            logger: logger,
            hooks: hooks,
            record: record,
            observer: observer
        )
    }
}
