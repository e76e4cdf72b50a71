import Text

/// One attempt at a task, from its claim to its end.
struct Attempt {
    /// Why the handler of a running attempt was cancelled.
    enum Cancellation { case timedOut(Duration), leaseLost, stopping, asked }

    /// How far the attempt is.
    ///
    /// Only the handler's own time is limited.
    enum Stage {
        /// No worker has it yet.
        case ready
        /// A worker asks hooks whether to perform it.
        case preparing
        /// The handler is at work.
        case performing(since: ContinuousClock.Instant)
        /// The handler has ended like this, and a worker tells hooks.
        indirect case reporting(HandlerOutcome, Cancellation?, took: Duration)
        /// The worker is done with it.
        indirect case ended(HandlerOutcome, took: Duration)
    }

    let task: ClaimedTask
    /// Until when the lease is known to hold.
    var leaseEnd: ContinuousClock.Instant
    let claimed: ContinuousClock.Instant
    /// When a worker took it.
    private(set) var began: ContinuousClock.Instant
    private(set) var timeLimit = Duration.zero
    private(set) var stage = Stage.ready
    private(set) var cancellation: (why: Cancellation, at: ContinuousClock.Instant)?
    /// How long a worker had it, including what hooks took.
    private(set) var occupied = Duration.zero

    /// A claimed task that no worker has yet.
    init(_ task: ClaimedTask, leaseEnd: ContinuousClock.Instant, claimed: ContinuousClock.Instant = .now) {
        (self.task, self.leaseEnd, self.claimed, began) = (task, leaseEnd, claimed, claimed)
    }

    /// A worker takes it; its handler begins at once, unless hooks come first.
    mutating func begin(_ now: ContinuousClock.Instant, timeLimit: Duration, isPreparing: Bool) {
        (began, self.timeLimit) = (now, timeLimit)
        stage = isPreparing ? .preparing : .performing(since: now)
    }

    /// The handler begins: its time counts from now on.
    mutating func perform(_ now: ContinuousClock.Instant) { stage = .performing(since: now) }

    /// The handler has ended; hooks are told, and nothing changes this end any more.
    mutating func report(_ outcome: HandlerOutcome, _ now: ContinuousClock.Instant) {
        stage = .reporting(outcome, cancellation?.why, took: took(until: now))
    }

    mutating func cancel(_ why: Cancellation, at now: ContinuousClock.Instant) { cancellation = (why, now) }

    /// The worker is done with it.
    ///
    /// An end that was reported to hooks stands.
    mutating func end(_ outcome: HandlerOutcome, _ now: ContinuousClock.Instant) {
        occupied = began.duration(to: now)
        if case .reporting(let reported, let why, let took) = stage {
            (stage, cancellation) = (.ended(reported, took: took), why.map { ($0, now) })
        } else {
            stage = .ended(outcome, took: took(until: now))
        }
    }

    /// The same without a beginning: it ends before any worker had it.
    func ended(_ why: Cancellation) -> Attempt {
        var attempt = self
        attempt.cancel(why, at: claimed)
        attempt.stage = .ended(.stopped, took: .zero)
        return attempt
    }

    private func took(until now: ContinuousClock.Instant) -> Duration {
        if case .performing(let since) = stage { return since.duration(to: now) }
        return .zero
    }
}

extension Attempt {
    /// When the handler's time is up, or nil while its time does not count.
    var timeUp: ContinuousClock.Instant? {
        guard case .performing(let since) = stage else { return nil }
        return since.advanced(by: timeLimit)
    }

    /// Whether the handler has ended and a worker tells hooks.
    var isReporting: Bool {
        if case .reporting = stage { return true }
        return false
    }

    /// What the handler said at its end.
    var outcome: HandlerOutcome {
        switch stage {
        case .reporting(let outcome, _, _), .ended(let outcome, _): outcome
        case .ready, .preparing, .performing: .stopped
        }
    }

    /// How long the handler took.
    var took: Duration {
        switch stage {
        case .reporting(_, _, let took), .ended(_, let took): took
        case .ready, .preparing, .performing: .zero
        }
    }

    /// How the attempt counts, or nil if its lease is lost.
    ///
    /// After a cancellation only success counts as what it says.
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
    /// A handler that succeeded all the same has ended as it says.
    var isCancelled: Bool {
        guard case .asked? = cancellation?.why else { return false }
        switch outcome {
        case .succeeded, .settled: return false
        default: return true
        }
    }
}
