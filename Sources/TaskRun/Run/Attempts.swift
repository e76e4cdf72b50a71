import Dispatch
import Synchronization

/// The attempts a run holds: claimed but not begun, being performed, and ended but not yet settled.
///
/// Workers take tasks from it and put them back without asking the run, so that short tasks cost no round trip. The run
/// acts when there is something to settle, to claim or to cancel. A class because workers and the run share it.
final class Attempts: Sendable {
    struct State {
        var ready: [Attempt] = []
        /// By the worker's number.
        var running: [Int: Attempt] = [:]
        var ended: [Attempt] = []
        /// The running workers; each can be cancelled alone.
        var workers: [Int: Task<Void, Never>] = [:]
        fileprivate var workersBegun = 0
        fileprivate var isInterrupted = false
        /// While the run waits, it wakes up when at most this many tasks are ready; otherwise nil.
        fileprivate var sleeper: Int?
    }

    /// The most bytes of payloads that are held, apart from the payload that reaches this limit.
    static let mostBytes = 48 << 20

    private let state = Mutex(State())
    private let semaphore = DispatchSemaphore(value: 0)
    private let isPreparing: Bool

    /// - Parameter isPreparing: Whether workers call hooks first, and then ``begin(worker:)`` when the handler begins.
    init(isPreparing: Bool = false) { self.isPreparing = isPreparing }

    /// Reads or changes the attempts.
    func with<Result>(_ body: (inout State) -> sending Result) -> sending Result { state.withLock { body(&$0) } }

    /// Adds claimed tasks.
    ///
    /// Those with crashes come first: they are never claimed ahead.
    func add(_ tasks: [ClaimedTask], leaseEnd: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        let new = tasks.map { Attempt($0, leaseEnd: leaseEnd, claimed: now) }
        let isAnyCrashed = new.contains { $0.task.crashes > 0 }
        // The next one to begin is the last in the list, because removing it there costs nothing.
        with { state in
            guard isAnyCrashed else { return state.ready.insert(contentsOf: new.reversed(), at: 0) }
            let order =
                new.filter { $0.task.crashes > 0 } + state.ready.reversed() + new.filter { $0.task.crashes == 0 }
            state.ready = order.reversed()
        }
    }

    /// Starts workers while there are slots for them and tasks that no other worker is about to take.
    ///
    /// Workers are not structured: a worker is cancelled alone when its task's time is up or its lease is lost, and one
    /// that does not end is left behind. The run waits for all others before it ends.
    func startWorkers(slots: Int, _ work: @escaping @Sendable (Int) async -> Void) {
        with { state in
            while state.workers.count < slots, state.workers.count - state.running.count < state.ready.count {
                state.workersBegun += 1
                let number = state.workersBegun
                state.workers[number] = Task { await work(number) }
            }
        }
    }

    /// Ends a worker's task and gives it the next one.
    ///
    /// - Parameters:
    ///   - worker: The worker's number.
    ///   - outcome: How its task ended, or nil if it had none.
    ///   - timeLimit: How long a task may take.
    /// - Returns: The next task, or nil if there is none or the worker was cancelled; the worker then ends.
    func next(worker: Int, after outcome: HandlerOutcome?, timeLimit: (ClaimedTask) -> Duration) -> ClaimedTask? {
        typealias Step = (task: ClaimedTask?, wakes: Bool)
        let now = ContinuousClock.now
        let (task, wakes) = state.withLock { state -> Step in
            if let outcome {
                // It is not in the list any more: the run has given this worker up and settled its task.
                guard var attempt = state.running.removeValue(forKey: worker) else { return (nil, false) }
                let isCancelled = attempt.cancellation != nil
                attempt.end(outcome, now)
                state.ended.append(attempt)
                // If a handler could not begin, the next one may not either: the run decides first.
                if isCancelled || outcome.isNotBegun {
                    state.workers[worker] = nil
                    return (nil, state.wakesRun(inAnyCase: !isCancelled))
                }
            }
            guard var attempt = state.ready.popLast() else {
                state.workers[worker] = nil
                return (nil, state.wakesRun())
            }
            attempt.begin(now, timeLimit: timeLimit(attempt.task), isPreparing: isPreparing)
            state.running[worker] = attempt
            return (attempt.task, outcome != nil && state.wakesRun())
        }
        if wakes { semaphore.signal() }
        return task
    }

    /// Ends a worker's task and gives it the next one, if that has the same name.
    ///
    /// - Returns: The next task, or nil if the worker keeps the one that it had.
    func follow(
        worker: Int,
        after outcome: HandlerOutcome,
        where canFollow: (ClaimedTask) -> Bool,
        timeLimit: (ClaimedTask) -> Duration
    ) -> ClaimedTask? {
        typealias Step = (task: ClaimedTask?, wakes: Bool)
        let now = ContinuousClock.now
        let (task, wakes) = state.withLock { state -> Step in
            guard !outcome.isNotBegun, var before = state.running[worker], before.cancellation == nil,
                var next = state.ready.last, next.task.name == before.task.name, canFollow(next.task)
            else { return (nil, false) }
            state.ready.removeLast()
            before.end(outcome, now)
            state.ended.append(before)
            next.begin(now, timeLimit: timeLimit(next.task), isPreparing: false)
            state.running[worker] = next
            return (next.task, state.wakesRun())
        }
        if wakes { semaphore.signal() }
        return task
    }

    /// A worker's handler begins: its time counts from now on.
    func begin(worker: Int) {
        with { $0.running[worker]?.perform(.now) }
    }

    /// A worker's handler has ended with this outcome, and the worker goes on with hooks; nothing changes that end any
    /// more.
    ///
    /// - Returns: The attempt, or nil if the run has given this worker up.
    func report(worker: Int, _ outcome: HandlerOutcome) -> Attempt? {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.running[worker]?.report(outcome, now)
            return state.running[worker]
        }
    }

    /// Waits until there is something to settle or a worker has ended, while at most `threshold` tasks are ready.
    ///
    /// Ends early at ``interrupt()``, and at the given moment at the latest. Blocks: the run has a thread of its own.
    func wait(threshold: Int, until end: ContinuousClock.Instant) {
        let isReady = state.withLock { state in
            if state.isInterrupted || (!state.ended.isEmpty && state.ready.count <= threshold) {
                state.isInterrupted = false
                return true
            }
            state.sleeper = threshold
            return false
        }
        if isReady { return }
        let rest = max(.zero, ContinuousClock.now.duration(to: end))
        let nanoseconds = Int(min(rest / .nanoseconds(1), 1e18))
        guard semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .timedOut else { return }
        // If another thread has just ended the wait, its signal has come or is about to.
        let isUnsignalled = state.withLock { state in
            defer { state.sleeper = nil }
            return state.sleeper != nil
        }
        if !isUnsignalled { semaphore.wait() }
    }

    /// Ends the current or else the next ``wait(threshold:until:)`` at once.
    func interrupt() {
        let wakes = state.withLock { state in
            state.isInterrupted = state.sleeper == nil
            defer { state.sleeper = nil }
            return state.sleeper != nil
        }
        if wakes { semaphore.signal() }
    }
}

extension Attempts.State {
    /// Whether the event for which the run waits has come; true only once.
    fileprivate mutating func wakesRun(inAnyCase: Bool = false) -> Bool {
        guard let sleeper, inAnyCase || ready.count <= sleeper else { return false }
        self.sleeper = nil
        return true
    }

    /// Cancels a worker's handler, unless that has ended.
    mutating func cancel(worker: Int, _ why: Attempt.Cancellation, at now: ContinuousClock.Instant) {
        guard running[worker]?.step != .reporting else { return }
        running[worker]?.cancel(why, at: now)
        workers[worker]?.cancel()
    }

    /// Removes attempts that have not begun.
    mutating func removeReady(where isRemoved: (Attempt) -> Bool) -> [Attempt] {
        let removed = ready.filter(isRemoved)
        if !removed.isEmpty { ready.removeAll(where: isRemoved) }
        return removed
    }

    /// The proofs of all tasks whose handlers have not ended.
    var openProofs: [ClaimProof] { ready.map(\.task.proof) + running.values.map(\.task.proof) }

    /// The proofs of all claims that are to be renewed: also of ended ones, as settling them may have to be repeated.
    var proofs: [ClaimProof] { openProofs + ended.map(\.task.proof) }

    /// Whether all workers have been busy for so long that a task claimed ahead would not begin soon.
    func isSlow(now: ContinuousClock.Instant) -> Bool {
        !running.isEmpty && running.values.allSatisfy { $0.began.duration(to: now) > ClaimPace.horizon }
    }

    /// Whether all workers are slow, and a claimed task has waited for them so long that other runs should have it.
    func isStuck(now: ContinuousClock.Instant) -> Bool {
        isSlow(now: now) && ready.contains { $0.claimed.duration(to: now) > .seconds(2) }
    }

    /// Whether it holds a task that must be performed alone.
    var holdsAlone: Bool {
        let alone = { (attempt: Attempt) in attempt.task.crashes >= ClaimRequest.crashesUntilAlone }
        return ready.contains(where: alone) || running.values.contains(where: alone)
    }

    /// The size of the payloads of tasks that have not ended.
    var bytes: Int {
        ready.reduce(0) { $0 + $1.task.data.count } + running.values.reduce(0) { $0 + $1.task.data.count }
    }

    var isEmpty: Bool { ready.isEmpty && running.isEmpty && ended.isEmpty }
}
