package import Logging
import Synchronization
import Text

/// All hooks as one: calls those that want an event, in order, and warns if a call fails.
package struct Hooks: Sendable {
    private let hooks: [HookEvent: [any RunHooks]]
    private let timeLimit: Duration
    private let warnings: HookWarnings

    /// Combines hooks; returns nil if there are none.
    package init?(_ list: [any RunHooks], timeLimit: Duration, logger: Logger) {
        var hooks: [HookEvent: [any RunHooks]] = [:]
        for hook in list {
            for event in hook.events { hooks[event, default: []].append(hook) }
        }
        guard !hooks.isEmpty else { return nil }
        self.hooks = hooks
        self.timeLimit = timeLimit
        self.warnings = HookWarnings(logger: logger)
    }

    /// Whether a hook wants this event.
    package func has(_ event: HookEvent) -> Bool { hooks[event] != nil }

    /// Whether a hook is called before or after each handler.
    var surroundHandlers: Bool { has(.beforePerform) || has(.afterPerform) }

    /// Asks whether to perform a task; a failed call is no answer.
    func beforePerform(_ task: HookTask) async -> HookAnswer {
        for hook in hooks[.beforePerform] ?? [] where !Task.isCancelled {
            switch await bounded(by: timeLimit, { try await hook.beforePerform(task) }) {
            case .returned(.go): continue
            case .returned(let answer): return answer
            case .threw where Task.isCancelled: return .go
            case .threw(let error): warn(.beforePerform, hook, "\(error)", about: task)
            case .tookTooLong: warn(.beforePerform, hook, nil, about: task)
            }
        }
        return .go
    }

    /// Delivers an event to each hook that wants it.
    ///
    /// - Parameters:
    ///   - event: What has happened.
    ///   - task: Which task it is about.
    ///   - isShielded: Whether it is delivered even if the caller is cancelled.
    ///   - call: Calls the function of the event.
    package func tell(
        _ event: HookEvent,
        about task: HookTask? = nil,
        isShielded: Bool = false,
        _ call: @escaping @Sendable (any RunHooks) async throws -> Void
    ) async {
        for hook in hooks[event] ?? [] where isShielded || !Task.isCancelled {
            switch await bounded(by: timeLimit, heedsCancellation: !isShielded, { try await call(hook) }) {
            case .returned: break
            case .threw where !isShielded && Task.isCancelled: break
            case .threw(let error): warn(event, hook, "\(error)", about: task)
            case .tookTooLong: warn(event, hook, nil, about: task)
            }
        }
    }

    /// Warns that events were not delivered.
    func noteDropped(_ count: Int) {
        guard count > 0 else { return }
        warnings.logger.warning(
            "hooks: the run had to stop, so \(count) event\(count == 1 ? " was" : "s were") not delivered"
        )
    }

    /// Logs how many warnings were left out.
    func finish() { warnings.finish() }

    private func warn(_ event: HookEvent, _ hook: any RunHooks, _ problem: String?, about task: HookTask?) {
        let problem = problem ?? "took longer than its time limit of \(DurationText.exact(timeLimit)), and was ended"
        let subject = task.map { ", task \($0.id) \($0.name)" } ?? ""
        let stop = problem.hasSuffix(".") ? "" : "."
        let end = event == .beforePerform ? "\(stop) The task is performed anyway." : ""
        warnings.warn(event, "hook \(event.rawValue) (\(hook.origin))\(subject): \(problem)\(end)")
    }
}

/// Warnings about hooks: the first of many, and at the end their number.
///
/// A class because many Swift tasks share it.
private final class HookWarnings: Sendable {
    /// How many warnings are logged for each event.
    static let limit = 20
    let logger: Logger
    private let counts = Mutex<[HookEvent: Int]>([:])

    init(logger: Logger) { self.logger = logger }

    func warn(_ event: HookEvent, _ text: String) {
        let count = counts.withLock { counts in
            counts[event, default: 0] += 1
            return counts[event, default: 0]
        }
        if count <= Self.limit { logger.warning("\(text)") }
    }

    func finish() {
        for event in HookEvent.allCases {
            let rest = counts.withLock { $0[event, default: 0] } - Self.limit
            if rest > 0 { logger.warning("hook \(event.rawValue): \(rest) more warnings of this kind") }
        }
    }
}
