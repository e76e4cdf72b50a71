public import Logging
import Text

/// One run: recover, claim, perform, decide, settle, report.
///
/// One story with state, told once: ``run()`` is called once, by one caller. Everything that is asked of the database is
/// asked here, one call after the other; handlers work beside it (see `Workbench`). An actor on a thread of its own, so
/// that handlers that keep every core busy do not keep it from settling, claiming and renewing.
public actor OneShotRun {
    /// An end that is not yet written to the table; a class, as it is passed on many times.
    final class Unsettled {
        var finished: Workbench.Finished
        /// As it is to be written now.
        var settlement: Settlement
        /// As it was decided.
        let decided: Settlement
        /// The form in which it is to be written now, and what the database said against the better ones.
        var form = EndForm.whole
        var words: String?
        /// Set where it was ``StoreError/Code/held``: when to write this end again, alone.
        var apart: ContinuousClock.Instant?
        /// Since when it is held, if that was not said.
        var heldSince: ContinuousClock.Instant?
        /// How often it was tried alone and ``StoreError/Code/undone``.
        var timesUndone = 0
        /// Whether it was said that it is held.
        var isTold = false
        var task: ClaimedTask { finished.held.task }
        var verdict: Verdict { settlement.verdict }

        init(_ finished: Workbench.Finished, _ settlement: Settlement) {
            (self.finished, self.settlement, decided) = (finished, settlement, settlement)
        }
    }

    /// What the run may claim: due tasks; then what must be performed with nothing else in hand; then nothing more.
    enum Phase { case usual, alone, done }

    let store: any TaskStore
    let settings: RunSettings
    let identity: RunIdentity
    let slots: any HostSlots
    let isDead: @Sendable (String) async -> Bool
    let stop: StopSignal
    let turn: (any Turn)?
    let observer: (@Sendable (RunEvent) -> Void)?
    private let beforeClaims: @Sendable () -> Void
    let performer: Performer
    let names: [String]
    let bench: Workbench
    let talk: HandlerTalk
    let hooks: Hooks?
    let hookQueue = HookQueue()
    private let executor = QueueExecutor()
    let pulse: RunPulse
    let began = ContinuousClock.now
    /// From when the window counts: from the beginning, unless the first look took longer than all of it.
    var windowBegan = ContinuousClock.now

    var report = RunReport()
    var phase = Phase.usual
    var pace = ClaimPace()
    var slotsHeld = 0
    /// Names whose handlers cannot begin.
    var holds = Holds()
    var unsettled: [Unsettled] = []
    var nextClaim = ContinuousClock.now
    var nextRenewal: ContinuousClock.Instant
    var stopBegan: ContinuousClock.Instant?
    /// When to write progress down and to look for wishes to cancel.
    var nextGlance = ContinuousClock.now
    /// What is limited, as it was seen within the last second.
    var limits: (found: [TaskLimit], seen: ContinuousClock.Instant)?
    /// For a run that is fair to the queues that have something due.
    var queueShares = QueueShares()
    /// Set while the database makes trouble: when to ask it again.
    var troubleUntil: ContinuousClock.Instant?
    /// Set after an answer was lost: the table may know of ends that this run has written.
    var isUncertain = false
    /// Set after an answer was lost, until the table can have no claims that this run does not know of.
    var doubt: Doubt?
    /// Due rows that were seen and could not be claimed.
    var passedOver: PassedOver?
    /// How many results of tasks that are done could not be kept.
    var lostResults = 0
    /// A task that is to become due, and was locked.
    var lockedFollower: PassedOver?
    /// When to look for what others have changed by hand.
    var nextMend: ContinuousClock.Instant
    var fatal: StoreError?
    /// What the database said when it was asked last, if that has not gone through since.
    var unresolved: StoreError?
    /// Since when the database is locked, whenever it was asked; nil: it is not.
    var lockedSince: ContinuousClock.Instant?
    /// Set while nothing more is due and the run stays: the store says when to claim again.
    var isWaiting = false
    /// Whether it was said that the run waits.
    var isTold = false
    /// How often in a row the store soon spoke of due tasks, and none could be claimed.
    var vainLooks = 0
    /// Tasks that expired, and of which hooks are still to be told.
    var untold: [Int64] = []
    /// Whether batches are to be looked at: tasks have expired, one was locked, or the last look did not come to the end.
    var isBatchLookDue = false
    var nextBatchLook = ContinuousClock.now
    /// The batch behind which the next look at batches goes on; nil: it begins with the first one.
    var batchesAfter: String?
    /// Whether a task was locked that was to become due, since the look at batches began.
    var metLockedFollower = false
    /// When to look for tasks that were not begun in time, if nothing is claimed until then.
    var nextExpiry = ContinuousClock.now.advanced(by: OneShotRun.expiryPause)
    /// Tasks that go on waiting although their batches have ended; it was said.
    var refused: Set<Int64> = []
    /// Rows that the database does not let be changed; it was said.
    var told: Set<Int64> = []
    /// What was performed when hooks were last told that nothing more is due.
    var performedWhenEmpty = 0

    /// The run's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - store: The table.
    ///   - registry: The handlers of this host.
    ///   - settings: How the run is to go.
    ///   - identity: Who it is: stands in the leases.
    ///   - slots: The host's places for handlers.
    ///   - stop: Asks the run to stop.
    ///   - turn: The turn to claim, for a run that stays when nothing is due; nil: it ends then.
    ///   - logger: For the handlers.
    ///   - isDead: Whether the owner of a lease is known to be dead; it also ends what that run left behind on this host.
    ///   - beforeClaims: Is called once, before the first claim: from then on others may ask what became of this run.
    ///   - hooks: Are told what happens, and asked before a task is performed.
    ///   - pulse: Is told that the run goes on.
    ///   - observer: Is told what happens, as it happens; from any thread.
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
        self.store = store
        self.settings = settings
        self.identity = identity
        self.slots = slots
        self.stop = stop
        self.turn = turn
        self.pulse = pulse
        self.isDead = isDead
        self.observer = observer
        self.beforeClaims = beforeClaims
        self.hooks = Hooks(hooks, timeLimit: settings.hookTimeout, logger: logger)
        let bench = Workbench(isPreparing: self.hooks?.surroundHandlers ?? false)
        self.bench = bench
        talk = HandlerTalk(logger: logger, wakes: { bench.interrupt() }) {
            observer?(.progress($0, $1.progress, note: $1.note))
        }
        self.performer = Performer(
            registry: registry,
            settings: settings,
            talk: talk,
            observer: observer
        )
        let only = settings.only.map { Set($0.map { ByteText($0) }) }
        self.names = registry.names.filter { only?.contains(ByteText($0)) ?? true }
        self.nextRenewal = began.advanced(by: min(settings.renewal, settings.lease / 3))
        self.nextMend = began.advanced(by: .seconds(2))
    }

    /// Runs until nothing is due, the window or the limit is reached, or it is asked to stop.
    ///
    /// With a ``Turn`` it stays when nothing is due, and begins what becomes due, until another run takes its turn.
    ///
    /// To end it early, use the ``StopSignal``: cancelling the Swift task that waits for it would leave tasks in hand.
    ///
    /// - Returns: What was done. ``RunReport/abandoned`` above 0 asks the caller to end the process at once.
    /// - Throws: ``StoreError`` when the run could not begin, or the database turned out to be unusable; what was in
    ///   hand is then left to the next run.
    public func run() async throws(StoreError) -> RunReport {
        stop.listen { [bench] in bench.interrupt() }
        hookQueue.listen { [bench] in bench.interrupt() }
        try await waitingForLocks { [store] () throws(StoreError) in try await store.requireSchema() }
        guard let hooks else { return try await perform() }
        await beginHooks(hooks)
        do {
            let report = try await perform()
            await endHooks()
            return report
        } catch {
            await endHooks(error)
            throw error
        }
    }

    /// What was done until now: for who has to say it although ``run()`` has thrown.
    public var reportSoFar: RunReport {
        var report = report
        report.duration = began.duration(to: .now)
        return report
    }

    private func perform() async throws(StoreError) -> RunReport {
        var holdsExpired = false
        if let first = try await firstLook() {
            holdsExpired = first.look.holdsExpired
            if first.isAll {
                if holdsExpired { await prune() }
                return end(after: first.look)
            }
        }
        guard await takeTurn() else {
            report.duration = began.duration(to: .now)
            return report
        }
        beforeClaims()
        // However slow the machine is, due tasks are asked for once.
        if phase != .done, isOver(.now) { windowBegan = .now }
        while true {
            pulse.beat()
            noteTurn()
            await settleAndClaim()
            beginWork()
            await settleApart()
            await expireMeanwhile()
            await endBatchesOfExpired()
            await mendMeanwhile()
            await tellExpired()
            await renewLeases()
            await glance()
            cancelWhatMustEnd()
            if phase == .done { turn?.pass() }
            guard !isDone else { break }
            await waitForWork()
        }
        slots.release(slotsHeld)
        await performer.registry.close()
        if let fatal { throw fatal }
        // The window may end before the next try.
        if report.trouble == nil, stopBegan == nil, let unresolved { await giveUp(after: unresolved) }
        if holdsExpired { await prune() }
        if settings.only == nil, settings.queues.isEmpty, report.trouble == nil {
            await noteUnknownNames()
        }
        report.duration = began.duration(to: .now)
        return report
    }

    private func noteUnknownNames() async {
        do {
            note(waiting: try await store.waitingNames(limit: Look.nameLimit))
        } catch {
            report.trouble = error
        }
    }

    private func note(waiting names: [String]) {
        report.unknownNames = names.filter { performer.registry[$0] == nil }.sorted()
    }

    /// Most runs: nothing is due.
    private func end(after look: Look) -> RunReport {
        if settings.only == nil, settings.queues.isEmpty { note(waiting: look.waitingNames) }
        report.duration = began.duration(to: .now)
        return report
    }

    /// Nothing in hand, and nothing more to be claimed.
    private var isDone: Bool {
        phase == .done && unsettled.isEmpty && bench.with { $0.isEmpty && $0.workers.isEmpty } && !staysInDoubt
            && !staysForFollower && !staysForBatches
    }

    /// In a flood, wake up when half of what was claimed ahead is begun; else at each end.
    var wakeThreshold: Int { bench.with { $0.waiting.count } / 2 }

    /// When to look again although no handler has ended.
    var nextLook: ContinuousClock.Instant {
        let now = ContinuousClock.now
        return bench.with { state in
            var moments = [now.advanced(by: .seconds(1))]
            if fatal == nil { moments.append(nextRenewal) }
            if let doubt { moments.append(max(doubt.next, troubleUntil ?? doubt.next)) }
            if isBatchLookDue {
                moments.append(state.isEmpty && unsettled.isEmpty && lockedFollower == nil ? now : nextBatchLook)
            }
            // Where only ends are left that are held, nothing is claimed behind the window, nor while the store is to say when.
            if phase != .done, state.isEmpty, unsettled.isEmpty || !isWaiting && !isOver(now) {
                moments.append(max(nextClaim, troubleUntil ?? nextClaim))
            }
            if !state.waiting.isEmpty { moments.append(now.advanced(by: .milliseconds(25))) }
            moments += state.running.values.compactMap { $0.cancellation == nil ? $0.timeUp : nil }
            if stop.requests > 1, let patience = settings.patienceAtStop {
                moments += state.running.values.compactMap { $0.cancellation?.at.advanced(by: patience) }
                    .filter { $0 > now }
            }
            if fatal == nil, troubleUntil == nil {
                if hasReadyEnds { moments.append(now) } else { moments += unsettled.compactMap(\.apart) }
                let long = state.running.values.map(\.began).min()?.advanced(by: Self.patienceBeforeLook)
                if let next = talk.isEmpty ? long : now { moments.append(max(nextGlance, next)) }
            }
            return moments.min() ?? now
        }
    }
}
