import Text

/// What the parts of a run share: its settings and tools, which never change, and its state, which events change.
///
/// A class because each part has it. It never leaves the run.
final class RunShared {
    let store: any TaskStore
    let settings: RunSettings
    let identity: RunIdentity
    let stop: StopSignal
    let turn: (any Turn)?
    let performer: Performer
    let attempts: Attempts
    let messages: HandlerTalk
    /// The task names that this run performs.
    let names: [String]
    /// Whether the owner of a lease is known to be dead.
    let isDead: @Sendable (String) async -> Bool
    private let observer: (@Sendable (RunEvent) -> Void)?
    var state: RunState

    init(
        store: any TaskStore,
        registry: HandlerRegistry,
        settings: RunSettings,
        identity: RunIdentity,
        stop: StopSignal,
        turn: (any Turn)?,
        attempts: Attempts,
        messages: HandlerTalk,
        isDead: @escaping @Sendable (String) async -> Bool,
        observer: (@Sendable (RunEvent) -> Void)?
    ) {
        (self.store, self.settings, self.identity) = (store, settings, identity)
        (self.stop, self.turn, self.attempts, self.messages) = (stop, turn, attempts, messages)
        (self.isDead, self.observer) = (isDead, observer)
        performer = Performer(registry: registry, settings: settings, talk: messages, observer: observer)
        let only = settings.only.map { Set($0.map { ByteText($0) }) }
        names = registry.names.filter { only?.contains(ByteText($0)) ?? true }
        state = RunState(at: .now, window: settings.window, limit: settings.limit, stays: turn != nil)
    }

    func tell(_ event: RunEvent) { observer?(event) }

    /// Notes a request to stop.
    func noteStop() {
        if let since = stop.since, state.stopRequested(since) { tell(.stopping) }
    }

    /// Whether handlers are cancelled and ends given up at once.
    var isUrgent: Bool { stop.requests > 1 }

    func isTooLate(_ now: ContinuousClock.Instant) -> Bool {
        state.isTooLate(now, grace: settings.grace, isUrgent: isUrgent)
    }
}
