public import Logging

/// One run: recover, settle, claim, perform, renew and cancel, wait, report.
///
/// ``run()`` is called once, by one caller. Everything that is asked of the database is asked here, one call after the
/// other; handlers work beside it (see `Attempts`). An actor on a thread of its own, so that handlers that keep every
/// core busy do not keep it from settling, claiming and renewing.
public actor Run {
    private let executor = QueueExecutor()
    private let parts: RunParts
    private let beforeClaims: @Sendable () -> Void
    private let pulse: RunPulse

    /// The run's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - store: The table.
    ///   - registry: The handlers of this host.
    ///   - settings: How the run is to go.
    ///   - identity: The owner that stands in the leases.
    ///   - slots: The host's handler slots.
    ///   - stop: Asks the run to stop.
    ///   - turn: The turn to claim, for a run that stays when nothing is due; without one it ends then.
    ///   - logger: For the handlers.
    ///   - isDead: Whether the owner of a lease is known to be dead; it also ends what that run left behind on this host.
    ///   - beforeClaims: Is called once, before the first claim: from then on others may ask what became of this run.
    ///   - hooks: What is called before and after tasks, and at other events.
    ///   - pulse: Shows that the run goes on.
    ///   - observer: Receives what happens, as it happens; from any thread.
    public init(
        store: any TaskStore,
        registry: HandlerRegistry,
        settings: RunSettings,
        identity: RunIdentity,
        slots: any HostSlots,
        stop: StopSignal = StopSignal(),
        turn: (any Turn)? = nil,
        logger: Logger,
        isDead: @escaping @Sendable (String) async -> Bool = { _ in false },
        beforeClaims: @escaping @Sendable () -> Void = {},
        hooks: [any RunHooks] = [],
        pulse: RunPulse = RunPulse(),
        observer: (@Sendable (RunEvent) -> Void)? = nil
    ) {
        (self.beforeClaims, self.pulse) = (beforeClaims, pulse)
        let hooks = Hooks(hooks, timeLimit: settings.hookTimeout, logger: logger)
        let attempts = Attempts(isPreparing: hooks?.surroundHandlers ?? false)
        let messages = HandlerTalk(logger: logger, wakes: { attempts.interrupt() }) {
            observer?(.progress($0, $1.progress, note: $1.note))
        }
        let shared = RunShared(
            store: store,
            registry: registry,
            settings: settings,
            identity: identity,
            stop: stop,
            turn: turn,
            attempts: attempts,
            messages: messages,
            isDead: isDead,
            observer: observer
        )
        parts = RunParts(shared, slots: slots, hooks: hooks, pulse: pulse)
    }

    /// Runs until nothing is due, the window or the limit is reached, or it is asked to stop.
    ///
    /// With a ``Turn`` it stays when nothing is due, and begins what becomes due, until another run takes its turn.
    ///
    /// To end it early, use the ``StopSignal``: cancelling the Swift task that waits for it would leave tasks PROCESSING.
    ///
    /// - Returns: What was done. ``RunReport/abandoned`` above 0 asks the caller to end the process at once.
    /// - Throws: ``StoreError`` when the run could not begin, or the database turned out to be unusable; the tasks that
    ///   it held are then left to the next run.
    public func run() async throws(StoreError) -> RunReport {
        let shared = parts.shared
        shared.stop.listen { [attempts = shared.attempts] in attempts.interrupt() }
        try await shared.waitingForLocks { () throws(StoreError) in try await shared.store.requireSchema() }
        await parts.hooks.begin()
        do {
            try await perform()
        } catch {
            await parts.hooks.end(error)
            throw error
        }
        let report = reportSoFar
        await parts.hooks.end()
        return report
    }

    /// What was done until now, also after ``run()`` has thrown.
    public var reportSoFar: RunReport { parts.shared.state.report(at: .now) }

    private func perform() async throws(StoreError) {
        let first = try await parts.housekeeper.firstLook()
        if let first, first.isAll { return await parts.end(after: first.look) }
        guard await parts.waiter.takeTurn() else { return }
        beforeClaims()
        parts.shared.state.firstLookEnded(.now)
        repeat {
            pulse.beat()
            parts.claimer.yieldTurn()
            await parts.settleAndClaim()
            parts.claimer.beginWork()
            await parts.settler.writeAlone()
            await parts.repair()
            await parts.leases.renew()
            await parts.progress.write()
            await parts.cancels.look()
            parts.cancels.cancelWhatMustEnd()
        } while await parts.waitForWork()
        try await parts.end(isPruning: first?.look.holdsExpired == true)
    }
}
