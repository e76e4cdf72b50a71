public import Logging
import Platform

/// One run: recover, settle, claim, perform, renew and cancel, wait, report.
///
/// ``run()`` is called once, by one caller. The run sends all requests to the database, one after the other; handlers
/// work beside it (see `Attempts`). An actor on a thread of its own, so that handlers that keep every core busy do not
/// keep it from settling, claiming and renewing.
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
    ///   - settings: How the run behaves.
    ///   - identity: The owner that is written in the leases.
    ///   - slots: The host's handler slots.
    ///   - stop: Asks the run to stop.
    ///   - claimingRole: For a run that stays when nothing is due; without it the run then ends.
    ///   - logger: For the handlers.
    ///   - isDead: Whether the owner of a lease is known to be dead; it also ends what that run left behind on this
    ///     host.
    ///   - beforeClaims: Called once, before the first claim; from then on others may ask what became of this run.
    ///   - hooks: Called before and after tasks, and at other events.
    ///   - pulse: Shows that the run goes on.
    ///   - record: How the run introduces itself in the table, or nil if it leaves no row there.
    ///   - observer: Receives events as they happen, from any thread.
    public init(
        store: any TaskStore,
        registry: HandlerRegistry,
        settings: RunSettings,
        identity: RunIdentity,
        slots: any HostSlots,
        stop: StopSignal = StopSignal(),
        claimingRole: (any ClaimingRole)? = nil,
        logger: Logger,
        isDead: @escaping @Sendable (String) async -> Bool = { _ in false },
        beforeClaims: @escaping @Sendable () -> Void = {},
        hooks: [any RunHooks] = [],
        pulse: RunPulse = RunPulse(),
        record: RunRecord? = nil,
        observer: (@Sendable (RunEvent) -> Void)? = nil
    ) {
        (self.beforeClaims, self.pulse) = (beforeClaims, pulse)
        let hooks = Hooks(hooks, timeLimit: settings.hookTimeout, logger: logger)
        let attempts = Attempts(isPreparing: hooks?.surroundHandlers ?? false)
        let messages = HandlerMessages(logger: logger, wakes: { attempts.interrupt() }) {
            observer?(.progress($0, $1.progress, note: $1.note))
        }
        let shared = RunShared(
            store: store,
            registry: registry,
            settings: settings,
            identity: identity,
            stop: stop,
            claimingRole: claimingRole,
            isRecorded: record != nil,
            attempts: attempts,
            messages: messages,
            isDead: isDead,
            observer: observer
        )
        parts = RunParts(shared, slots: slots, hooks: hooks, pulse: pulse, record: record)
    }

    /// Runs until nothing is due, the window or the limit is reached, or it is asked to stop.
    ///
    /// With a ``ClaimingRole`` it stays when nothing is due, and begins tasks that become due, until another run
    /// replaces it.
    ///
    /// To end it early, use the ``StopSignal``: cancelling the Swift task that waits for it would leave tasks
    /// PROCESSING.
    ///
    /// - Returns: What was done. ``RunReport/abandoned`` above 0 asks the caller to end the process at once.
    /// - Throws: ``StoreError`` if the run could not begin, or the database turned out to be unusable; the tasks that
    ///   it held are then left to the next run.
    public func run() async throws(StoreError) -> RunReport {
        let shared = parts.shared
        shared.stop.listen { [attempts = shared.attempts] in attempts.interrupt() }
        let look = try await shared.waitingForLocks { () throws(StoreError) in try await parts.housekeeper.open() }
        parts.recorder.open()
        await parts.hooks.begin()
        do {
            try await perform(after: look)
        } catch {
            await parts.measures.end()
            await parts.hooks.end(error)
            throw error
        }
        await parts.measures.end()
        let report = reportSoFar
        await parts.hooks.end()
        return report
    }

    /// What was done so far, also after ``run()`` has thrown.
    public var reportSoFar: RunReport { parts.shared.state.report(at: .now) }

    /// Writes down how the run ended, once its caller knows the exit status; after ``run()``, also if that has thrown.
    ///
    /// Nothing is written for a run without a ``RunRecord``. If it cannot be written, that is an event at most.
    public func end(_ end: RunEnd) async { await parts.recorder.end(end) }

    private func perform(after look: Look?) async throws(StoreError) {
        let first = try await parts.housekeeper.firstLook(look)
        if let first, first.isAll { return await parts.end(after: first.look) }
        guard await parts.waiter.takeRole() else { return }
        beforeClaims()
        if let first { parts.claimer.note(first.look) }
        parts.shared.state.firstLookEnded(.now)
        repeat {
            pulse.beat()
            parts.claimer.yieldRole()
            await parts.settleAndClaim()
            parts.claimer.beginWork()
            await parts.recorder.write()
            await parts.measures.write()
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
