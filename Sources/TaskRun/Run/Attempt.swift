import Text

/// One attempt at a task, from its claim to its end.
struct Attempt {
    /// Why the handler of a running attempt was cancelled.
    enum Cancellation: Sendable { case timedOut(Duration), leaseLost, stopping, asked }

    /// How far the attempt is.
    enum Step {
        /// No worker has taken it yet.
        case ready
        /// A worker asks hooks whether to perform it.
        case preparing
        /// The handler runs; only this time is limited.
        case performing
        /// The handler has ended, and a worker calls hooks.
        case reporting
        /// The worker is done with it.
        case ended
    }

    /// The cancellation of a handler.
    ///
    /// It is an object because few attempts have one, and an attempt is passed on many times.
    final class Cancelled: Sendable {
        let why: Cancellation
        let at: ContinuousClock.Instant

        init(why: Cancellation, at: ContinuousClock.Instant) { (self.why, self.at) = (why, at) }
    }

    /// The outcome that the handler returned.
    private final class End: Sendable {
        let outcome: HandlerOutcome
        init(_ outcome: HandlerOutcome) { self.outcome = outcome }
    }

    /// Keeps the task in one object: an attempt is passed on many times, and a task has many texts with reference
    /// counts.
    private final class Box: Sendable {
        let task: ClaimedTask
        init(_ task: ClaimedTask) { self.task = task }
    }

    private let box: Box
    /// Until when the lease is known to hold.
    var leaseEnd: ContinuousClock.Instant
    let claimed: ContinuousClock.Instant
    /// When a worker took it.
    private(set) var began: ContinuousClock.Instant
    private(set) var timeLimit = Duration.zero
    private(set) var step = Step.ready
    /// When the handler began.
    private var since: ContinuousClock.Instant
    private(set) var cancellation: Cancelled?
    private var end: End?
    /// How long the handler took.
    private(set) var took = Duration.zero
    /// How long a worker had it, including what hooks took.
    private(set) var occupied = Duration.zero

    /// A claimed task that no worker has yet.
    init(_ task: ClaimedTask, leaseEnd: ContinuousClock.Instant, claimed: ContinuousClock.Instant = .now) {
        box = Box(task)
        (self.leaseEnd, self.claimed, began, since) = (leaseEnd, claimed, claimed, claimed)
    }

    /// A worker takes it; its handler begins at once, unless hooks come first.
    mutating func begin(_ now: ContinuousClock.Instant, timeLimit: Duration, isPreparing: Bool) {
        (began, since, self.timeLimit) = (now, now, timeLimit)
        step = isPreparing ? .preparing : .performing
    }

    /// The handler begins; its time counts from now on.
    mutating func perform(_ now: ContinuousClock.Instant) { (step, since) = (.performing, now) }

    /// The handler has ended; hooks are called with this end, and nothing changes it any more.
    mutating func report(_ outcome: HandlerOutcome, _ now: ContinuousClock.Instant) {
        note(outcome, now)
        step = .reporting
    }

    /// The handler is cancelled.
    ///
    /// This changes nothing if hooks have already received the attempt's end.
    mutating func cancel(_ why: Cancellation, at now: ContinuousClock.Instant) {
        if step != .reporting { cancellation = Cancelled(why: why, at: now) }
    }

    /// The worker has finished this attempt.
    ///
    /// An end that hooks have already received does not change.
    mutating func end(_ outcome: HandlerOutcome, _ now: ContinuousClock.Instant) {
        occupied = began.duration(to: now)
        if step != .reporting { note(outcome, now) }
        step = .ended
    }

    /// The same attempt, ended before any worker took it.
    func ended(_ why: Cancellation) -> Attempt {
        var attempt = self
        attempt.cancel(why, at: claimed)
        attempt.step = .ended
        return attempt
    }

    private mutating func note(_ outcome: HandlerOutcome, _ now: ContinuousClock.Instant) {
        if step == .performing { took = since.duration(to: now) }
        end = End(outcome)
    }
}

extension Attempt {
    var task: ClaimedTask { _read { yield box.task } }

    /// When the handler's time is up, or nil while its time does not count.
    var timeUp: ContinuousClock.Instant? { step == .performing ? since.advanced(by: timeLimit) : nil }

    /// The outcome that the handler returned.
    var outcome: HandlerOutcome { end?.outcome ?? .stopped }

    /// How the attempt counts, or nil if its lease is lost.
    ///
    /// After a cancellation the handler's outcome counts only if it succeeded; otherwise the cancellation decides.
    var effectiveOutcome: HandlerOutcome? {
        let outcome = outcome
        return switch (cancellation?.why, outcome) {
        case (_, .succeeded), (_, .skipped), (_, .settled), (.stopping, .later): outcome
        case (.timedOut, .notBegun), (.stopping, .notBegun): outcome
        case (nil, .stopped): .failed(error: "the handler cancelled itself")
        case (nil, _): outcome
        case (.timedOut(let limit), _):
            .failed(error: "took longer than its time limit of \(DurationText.exact(limit)); cancelled")
        case (.stopping, _): .stopped
        case (.asked, _): .cancelled
        case (.leaseLost, _): nil
        }
    }

    /// Whether it was cancelled on request.
    ///
    /// A handler that succeeded nevertheless counts as succeeded.
    var isCancelled: Bool {
        guard case .asked? = cancellation?.why else { return false }
        switch outcome {
        case .succeeded, .settled: return false
        default: return true
        }
    }
}
