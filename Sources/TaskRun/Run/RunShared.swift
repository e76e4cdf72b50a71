import Text

/// What the parts of a run share: its settings and tools, which never change, and its state, which events change.
///
/// A class because each part refers to it. It never leaves the run.
final class RunShared {
    let store: any TaskStore
    let settings: RunSettings
    let identity: RunIdentity
    let stop: StopSignal
    let claimingRole: (any ClaimingRole)?
    /// Whether the run leaves a row in `task_runs`, and so reads there what other runs can perform.
    let isRecorded: Bool
    let performer: Performer
    let attempts: Attempts
    let messages: HandlerMessages
    /// The task names that this run performs.
    let names: [String]
    /// Whether the owner of a lease is known to be dead.
    let isDead: @Sendable (String) async -> Bool
    /// Whether this run, if it performs something, removes what is kept no longer.
    let isTidying: Bool
    private let observer: (@Sendable (RunEvent) -> Void)?
    var state: RunState

    init(
        store: any TaskStore,
        registry: HandlerRegistry,
        settings: RunSettings,
        identity: RunIdentity,
        stop: StopSignal,
        claimingRole: (any ClaimingRole)?,
        isRecorded: Bool,
        attempts: Attempts,
        messages: HandlerMessages,
        isDead: @escaping @Sendable (String) async -> Bool,
        observer: (@Sendable (RunEvent) -> Void)?
    ) {
        (self.store, self.settings, self.identity) = (store, settings, identity)
        (self.stop, self.claimingRole, self.attempts, self.messages) = (stop, claimingRole, attempts, messages)
        (self.isRecorded, self.isDead, self.observer) = (isRecorded, isDead, observer)
        performer = Performer(
            registry: registry,
            settings: settings,
            messages: messages,
            history: store.history,
            observer: observer
        )
        let only = settings.only.map { Set($0.map { ByteText($0) }) }
        names = registry.names.filter { only?.contains(ByteText($0)) ?? true }
        isTidying = settings.task == nil && Int.random(in: 0..<max(1, settings.tidying)) == 0
        let limit = settings.task == nil ? settings.limit : 1
        state = RunState(at: .now, window: settings.window, limit: limit, stays: claimingRole != nil)
    }

    func tell(_ event: RunEvent) { observer?(event) }

    /// Notes a request to stop.
    func noteStop() {
        if let since = stop.since, state.stopRequested(since) { tell(.stopping) }
    }

    /// Whether the database cannot be used at all: asking it once more could only delay the end.
    var isOutOfReach: Bool {
        switch state.failure?.code ?? state.report.trouble?.code {
        case .unreachable?, .unavailable?, .schema?, .database?: true
        default: false
        }
    }

    /// Whether handlers are cancelled and ends given up at once.
    var isUrgent: Bool { stop.requests > 1 }

    func isTooLate(_ now: ContinuousClock.Instant) -> Bool {
        state.isTooLate(now, grace: settings.grace, isUrgent: isUrgent)
    }
}
