import Dispatch
import Synchronization

/// What a run has in hand: tasks claimed but not begun, tasks being performed, and those whose end is not yet settled.
///
/// The workers take from it and put back into it without asking the run, so that short tasks cost no round trip; the run
/// looks in when there is something to settle, to claim or to cancel. A class because workers and run share it.
final class Workbench: Sendable {
    /// A claimed task and the moment until which its lease is known to hold.
    struct Held {
        let task: ClaimedTask
        var leaseEnd: ContinuousClock.Instant
        let claimed: ContinuousClock.Instant
    }

    /// Why a running handler was cancelled.
    enum Cancellation { case timedOut(Duration), leaseLost, stopping, asked }

    /// How far a worker is with its task: only the handler's own time is limited.
    enum Stage {
        /// Hooks are asked whether to perform it.
        case preparing
        case performing(since: ContinuousClock.Instant)
        /// The handler has ended like this, and hooks are told.
        indirect case told(HandlerOutcome, Cancellation?, took: Duration)
    }

    /// A task being performed.
    struct Running {
        var held: Held
        /// When the worker took it.
        let began: ContinuousClock.Instant
        let timeLimit: Duration
        var stage: Stage
        var cancellation: (why: Cancellation, at: ContinuousClock.Instant)?
    }

    /// A task whose handler has ended.
    struct Finished {
        var held: Held
        let outcome: HandlerOutcome
        let cancellation: Cancellation?
        /// How long the handler took.
        let took: Duration
        /// How long the worker had it, with what hooks took.
        let occupied: Duration
    }

    struct State {
        var waiting: [Held] = []
        var running: [Int: Running] = [:]
        var finished: [Finished] = []
        /// The workers at work, each to be cancelled alone.
        var workers: [Int: Task<Void, Never>] = [:]
        fileprivate var workersBegun = 0
        fileprivate var isInterrupted = false
        /// Set while the run waits: at most this many tasks must wait to begin before an end wakes it.
        fileprivate var sleeper: Int?
    }

    /// The most bytes of payloads in hand, but for the one in which they are full.
    static let mostBytes = 48 << 20

    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let isPreparing: Bool

    /// Makes an empty bench.
    ///
    /// - Parameter isPreparing: Whether workers say by ``begin(worker:)`` when the handler begins; else it begins at once.
    init(isPreparing: Bool = false) { self.isPreparing = isPreparing }

    /// Reads or changes what is in hand.
    func with<Result>(_ body: (inout State) -> sending Result) -> sending Result { state.withLock { body(&$0) } }

    /// Lays claimed tasks on the bench.
    ///
    /// Those that were in a crash come first: they are never held ahead.
    func add(_ tasks: [ClaimedTask], leaseEnd: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        let held = tasks.map { Held(task: $0, leaseEnd: leaseEnd, claimed: now) }
        // The next one to begin is the last: taking it costs nothing.
        with { state in
            let order =
                held.filter { $0.task.crashes > 0 } + state.waiting.reversed() + held.filter { $0.task.crashes == 0 }
            state.waiting = order.reversed()
        }
    }

    /// Starts workers while there are places for them and tasks that no other worker is about to take.
    ///
    /// They are not structured: a worker is cancelled alone when its task's time is up or its lease is lost, and one that
    /// does not listen is outlived. The run waits for all others before it ends.
    func startWorkers(places: Int, _ work: @escaping @Sendable (Int) async -> Void) {
        with { state in
            while state.workers.count < places, state.workers.count - state.running.count < state.waiting.count {
                state.workersBegun += 1
                let number = state.workersBegun
                state.workers[number] = Task { await work(number) }
            }
        }
    }

    /// Takes back a worker's task and gives it the next one.
    ///
    /// - Parameters:
    ///   - worker: Which worker.
    ///   - outcome: How its task ended; nil: it had none.
    ///   - timeLimit: How long a task may take.
    /// - Returns: The next task; nil: there is none, or the worker was cancelled; it ends.
    func next(worker: Int, after outcome: HandlerOutcome?, timeLimit: (ClaimedTask) -> Duration) -> ClaimedTask? {
        typealias Step = (task: ClaimedTask?, wakes: Bool)
        let now = ContinuousClock.now
        let (task, wakes) = state.withLock { state -> Step in
            if let outcome {
                // Gone from the list: the run has given this worker up and settled its task.
                guard let running = state.running.removeValue(forKey: worker) else { return (nil, false) }
                state.finished.append(Finished(running, outcome: outcome, ended: now))
                if running.cancellation != nil {
                    state.workers[worker] = nil
                    return (nil, state.wakesRun())
                }
                // The next one may not begin either: the run decides first.
                if outcome.isNotBegun {
                    state.workers[worker] = nil
                    return (nil, state.wakesRun(inAnyCase: true))
                }
            }
            guard let held = state.waiting.popLast() else {
                state.workers[worker] = nil
                return (nil, state.wakesRun())
            }
            state.running[worker] = Running(
                held: held,
                began: now,
                timeLimit: timeLimit(held.task),
                stage: isPreparing ? .preparing : .performing(since: now)
            )
            return (held.task, outcome != nil && state.wakesRun())
        }
        if wakes { bell.signal() }
        return task
    }

    /// Takes back a worker's task and gives it the next one, if that has the same name.
    ///
    /// - Returns: The next task; nil: the worker has kept the one that it had.
    func follow(
        worker: Int,
        after outcome: HandlerOutcome,
        where canFollow: (ClaimedTask) -> Bool,
        timeLimit: (ClaimedTask) -> Duration
    ) -> ClaimedTask? {
        typealias Step = (task: ClaimedTask?, wakes: Bool)
        let now = ContinuousClock.now
        let (task, wakes) = state.withLock { state -> Step in
            guard !outcome.isNotBegun, let running = state.running[worker], running.cancellation == nil,
                let held = state.waiting.last, held.task.name == running.held.task.name, canFollow(held.task)
            else { return (nil, false) }
            state.waiting.removeLast()
            state.finished.append(Finished(running, outcome: outcome, ended: now))
            state.running[worker] = Running(
                held: held,
                began: now,
                timeLimit: timeLimit(held.task),
                stage: .performing(since: now)
            )
            return (held.task, state.wakesRun())
        }
        if wakes { bell.signal() }
        return task
    }

    /// Takes note that a worker's handler begins: from now on its time counts.
    func begin(worker: Int) {
        with { $0.running[worker]?.stage = .performing(since: .now) }
    }

    /// Takes note of how a worker's handler ended, while the worker goes on with hooks: nothing changes that end any more.
    ///
    /// - Returns: The end; nil: the run has given this worker up.
    func end(worker: Int, _ outcome: HandlerOutcome) -> Finished? {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard let running = state.running[worker] else { return nil }
            let end = Finished(running, outcome: outcome, ended: now)
            state.running[worker]?.stage = .told(end.outcome, end.cancellation, took: end.took)
            return end
        }
    }

    /// Waits until there is something to settle or a worker has ended, while at most `threshold` tasks wait to begin.
    ///
    /// Ends early at ``interrupt()``, and at the given moment at the latest. Blocks: the run has a thread of its own.
    func wait(threshold: Int, until end: ContinuousClock.Instant) {
        let isReady = state.withLock { state in
            if state.isInterrupted || (!state.finished.isEmpty && state.waiting.count <= threshold) {
                state.isInterrupted = false
                return true
            }
            state.sleeper = threshold
            return false
        }
        if isReady { return }
        let rest = max(.zero, ContinuousClock.now.duration(to: end))
        if bell.wait(timeout: .now() + .nanoseconds(Int(min(rest / .nanoseconds(1), 1e18)))) == .timedOut { doze() }
    }

    /// Ends the present or else the next ``wait(threshold:until:)`` at once.
    func interrupt() {
        let wakes = state.withLock { state in
            state.isInterrupted = state.sleeper == nil
            defer { state.sleeper = nil }
            return state.sleeper != nil
        }
        if wakes { bell.signal() }
    }

    /// Ends a wait that nobody has ended; if somebody just has, the bell is rung or about to be.
    private func doze() {
        let isMine = state.withLock { state in
            defer { state.sleeper = nil }
            return state.sleeper != nil
        }
        if !isMine { bell.wait() }
    }
}

extension Workbench.Finished {
    /// The end of a task that a worker had; what was noted when its handler ended goes before what is said later.
    init(_ running: Workbench.Running, outcome: HandlerOutcome, ended: ContinuousClock.Instant) {
        var (outcome, cancellation, took) = (outcome, running.cancellation?.why, Duration.zero)
        switch running.stage {
        case .preparing: break
        case .performing(let since): took = since.duration(to: ended)
        case .told(let noted, let why, let time): (outcome, cancellation, took) = (noted, why, time)
        }
        self.init(
            held: running.held,
            outcome: outcome,
            cancellation: cancellation,
            took: took,
            occupied: running.began.duration(to: ended)
        )
    }
}

extension Workbench.Running {
    /// When the handler's time is up; nil while it does not count.
    var timeUp: ContinuousClock.Instant? {
        guard case .performing(let since) = stage else { return nil }
        return since.advanced(by: timeLimit)
    }
}

extension Workbench.State {
    /// Whether what the run waits for has come; it is told once.
    fileprivate mutating func wakesRun(inAnyCase: Bool = false) -> Bool {
        guard let sleeper, inAnyCase || waiting.count <= sleeper else { return false }
        self.sleeper = nil
        return true
    }

    /// The proofs of all claims that are to be renewed: finished ones too, as their settling may have to be repeated.
    var proofs: [ClaimProof] {
        waiting.map(\.task.proof) + running.values.map(\.held.task.proof) + finished.map(\.held.task.proof)
    }

    /// Whether all workers are at tasks that take long, so that nothing claimed ahead would begin soon.
    func isSlow(now: ContinuousClock.Instant) -> Bool {
        !running.isEmpty && running.values.allSatisfy { $0.began.duration(to: now) > ClaimPace.horizon }
    }

    /// Whether tasks wait behind such workers for so long that others had better have them.
    func isStuck(now: ContinuousClock.Instant) -> Bool {
        isSlow(now: now) && waiting.contains { $0.claimed.duration(to: now) > .seconds(2) }
    }

    /// Whether a task that must be performed with nothing else in hand is in hand.
    var holdsAlone: Bool {
        let alone = { (held: Workbench.Held) in held.task.crashes >= ClaimRequest.crashesUntilAlone }
        return waiting.contains(where: alone) || running.values.contains { alone($0.held) }
    }

    /// How large the payloads of tasks are that wait to begin or are being performed.
    var bytes: Int {
        waiting.reduce(0) { $0 + $1.task.data.count } + running.values.reduce(0) { $0 + $1.held.task.data.count }
    }

    /// Whether nothing is in hand.
    var isEmpty: Bool { waiting.isEmpty && running.isEmpty && finished.isEmpty }
}
