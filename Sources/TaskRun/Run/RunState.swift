/// The state of a run, and what it does next: a value that knows neither store nor clock.
///
/// Events change it; questions do not.
struct RunState {
    typealias Instant = ContinuousClock.Instant

    enum Phase {
        /// Due tasks are claimed.
        case claiming
        /// Nothing else is due, and a task that must be performed alone is claimed.
        case claimingAlone
        /// Nothing is due, and the run stays until the store reports due tasks.
        case waiting
        /// Nothing more is claimed; running tasks are finished.
        case finishing
        /// The run was asked to stop at this moment: it claims nothing more, and the grace has begun.
        case stopping(since: Instant)
        /// The database cannot be used: handlers are cancelled.
        case failed(StoreError)
    }

    /// Why the database could not be used when it was last asked.
    struct Trouble {
        let error: StoreError
        /// When to ask it again.
        var until: Instant
        /// When the database was first found locked during this trouble, or nil if it was not locked.
        var lockedSince: Instant?
        /// Whether an answer was lost: ends that this run has written may be in the table already.
        var hasLostAnswer: Bool
    }

    /// What the run reports after a claim that brought no task.
    enum Finding { case queueIsEmpty, rowsAreLocked, rowsWaitForOthers(String) }

    /// The pause before the run tries again to claim rows that can be claimed only after tasks of this run have ended.
    private static let pauseForOthers = Duration.milliseconds(250)

    private(set) var phase = Phase.claiming
    /// The earliest moment of the next claim.
    private(set) var nextClaim: Instant
    private(set) var report = RunReport()
    private(set) var trouble: Trouble?
    /// Due rows that were seen and could not be claimed.
    private(set) var passedOver: PassedOver?
    /// How many times in a row the store soon reported due tasks, but none of them could be claimed.
    private(set) var vainLooks = 0

    private let began: Instant
    /// The start of the window: the moment at which the run began.
    ///
    /// If the first look took longer than the whole window, it is the end of that look.
    private var windowBegan: Instant
    private let window: Duration?
    private let limit: Int?
    private let stays: Bool

    /// - Parameters:
    ///   - now: The moment at which the run begins.
    ///   - window: For how long tasks are claimed, or nil for until nothing is due.
    ///   - limit: How many tasks are claimed at most, or nil for any number.
    ///   - stays: Whether the run stays when nothing is due.
    init(at now: Instant, window: Duration?, limit: Int?, stays: Bool) {
        (began, windowBegan, nextClaim) = (now, now, now)
        (self.window, self.limit, self.stays) = (window, limit, stays)
    }
}

// Questions.
extension RunState {
    var windowEnd: Instant? { window.map { windowBegan.advanced(by: $0) } }

    func isOver(_ now: Instant) -> Bool { windowEnd.map { now >= $0 } ?? false }

    /// How many tasks may still be claimed.
    var left: Int { limit.map { max(0, $0 - report.claimed) } ?? .max }

    /// Whether nothing more is claimed.
    var isEnding: Bool {
        switch phase {
        case .claiming, .claimingAlone, .waiting: false
        case .finishing, .stopping, .failed: true
        }
    }

    var isWaiting: Bool { if case .waiting = phase { true } else { false } }
    var isClaimingAlone: Bool { if case .claimingAlone = phase { true } else { false } }
    var stoppingSince: Instant? { if case .stopping(let since) = phase { since } else { nil } }
    var failure: StoreError? { if case .failed(let error) = phase { error } else { nil } }

    /// Whether tasks that have not begun are given back at the end; at the limit they are still performed.
    var givesBackAtEnd: Bool { if case .finishing = phase { false } else { true } }

    /// Whether the database is left alone at this moment.
    func isPaused(_ now: Instant) -> Bool { trouble.map { now < $0.until } ?? false }

    /// Whether to claim now.
    ///
    /// - Parameters:
    ///   - now: The present moment.
    ///   - hasEnds: Whether ends are written now; a claim goes along with them.
    /// - Returns: Whether to claim.
    func mayClaim(_ now: Instant, hasEnds: Bool) -> Bool {
        switch phase {
        case .claiming: !isOver(now) && (hasEnds || now >= nextClaim)
        case .waiting: !isOver(now) && hasEnds
        case .claimingAlone: hasEnds || now >= nextClaim
        case .finishing, .stopping, .failed: false
        }
    }

    /// The moment of the next claim.
    ///
    /// - Parameters:
    ///   - now: The present moment.
    ///   - isIdle: Whether no ends are left to write. If the only ones left cannot be written, the run claims within
    ///     its window.
    /// - Returns: The moment, or nil if no claim is planned.
    func nextClaim(_ now: Instant, isIdle: Bool) -> Instant? {
        guard !isEnding, isIdle || !isWaiting && !isOver(now) else { return nil }
        return max(nextClaim, trouble?.until ?? nextClaim)
    }

    /// Whether the run stops trying to write the ends that cannot be written now.
    func isTooLate(_ now: Instant, grace: Duration, isUrgent: Bool) -> Bool {
        switch phase {
        case .failed: true
        case .stopping(let since): isUrgent || now >= since.advanced(by: grace)
        case .claiming, .claimingAlone, .waiting, .finishing: false
        }
    }

    /// How long the database has been locked.
    func lockedFor(_ now: Instant) -> Duration { trouble?.lockedSince.map { $0.duration(to: now) } ?? .zero }

    /// The report at this moment.
    func report(at now: Instant) -> RunReport {
        var report = report
        report.duration = began.duration(to: now)
        return report
    }
}

// Events: the run and its end.
extension RunState {
    /// The first look is over: due tasks are asked for at least once, however slow the machine is.
    mutating func firstLookEnded(_ now: Instant) {
        if !isEnding, isOver(now) { windowBegan = now }
    }

    /// A request to stop has come.
    ///
    /// - Returns: Whether it is the first one.
    mutating func stopRequested(_ now: Instant) -> Bool {
        switch phase {
        case .stopping, .failed: return false
        case .claiming, .claimingAlone, .waiting, .finishing:
            phase = .stopping(since: now)
            return true
        }
    }

    /// Nothing more is to be claimed.
    mutating func finish() {
        if !isEnding { phase = .finishing }
    }

    /// Nothing more is to be claimed, for this reason.
    mutating func finish(because error: StoreError) {
        finish()
        report.trouble = error
    }

    /// Adds another error to the report.
    mutating func note(trouble error: StoreError) { report.trouble = error }

    mutating func note(unknownNames names: [String], ofAllHosts isOfAllHosts: Bool) {
        (report.unknownNames, report.isUnknownToAllHosts) = (names, isOfAllHosts)
    }

    /// The database cannot be used any more.
    mutating func failed(_ error: StoreError) {
        if failure == nil { phase = .failed(error) }
    }

    mutating func count(_ what: WritableKeyPath<RunReport, Int>, _ number: Int = 1) { report[keyPath: what] += number }
}

// Events: trouble.
extension RunState {
    /// The database could not be used, and may be asked again after the pause.
    mutating func troubled(_ error: StoreError, at now: Instant, pause: Duration) {
        trouble = Trouble(
            error: error,
            until: now.advanced(by: pause),
            lockedSince: trouble?.lockedSince ?? (error.code == .locked ? now : nil),
            hasLostAnswer: trouble?.hasLostAnswer == true || error.code == .unreachable
        )
    }

    /// The pause is over early.
    mutating func hurry(_ now: Instant) {
        if isPaused(now) { trouble?.until = now }
    }

    mutating func answered() { trouble = nil }
}

// Events: claims.
extension RunState {
    /// Time has passed: once the window is over, only tasks that must be performed alone are claimed, while no task is
    /// held.
    mutating func timePassed(_ now: Instant, isIdle: Bool) {
        guard isOver(now) else { return }
        switch phase {
        case .claiming, .waiting: phase = isIdle ? .claimingAlone : .claiming
        case .claimingAlone, .finishing, .stopping, .failed: break
        }
    }

    /// Something may be claimed that could not be before, so the run no longer waits for the store.
    mutating func wake() {
        if isWaiting { phase = .claiming }
    }

    /// Tasks have become due, or ends have freed slots: claim at once.
    mutating func becameDue(_ now: Instant) {
        switch phase {
        case .claiming, .claimingAlone, .waiting, .finishing: (phase, nextClaim) = (.claiming, now)
        case .stopping, .failed: break
        }
    }

    /// There is room for more tasks: the next claim is due.
    mutating func tasksEnded(_ now: Instant) { nextClaim = now }

    /// Claims are postponed.
    mutating func postponeClaim(until moment: Instant) { nextClaim = moment }

    /// Nothing can be claimed before the store reports due tasks, or nothing at all if the run does not stay.
    mutating func waitForStore(_ now: Instant) {
        if !isEnding { phase = stays && !isOver(now) ? .waiting : .finishing }
    }

    /// The store has reported due tasks after a wait.
    mutating func reportedDue(after wait: Duration, _ now: Instant) {
        vainLooks = wait < .milliseconds(250) ? vainLooks + 1 : 1
        wake()
        nextClaim = now
    }

    /// A claim was answered.
    ///
    /// - Parameters:
    ///   - exchange: The answer.
    ///   - share: What was asked for.
    ///   - isIdle: Whether the run holds no task now.
    ///   - sent: When it was asked for.
    ///   - now: The present moment.
    ///   - nextName: When a name whose handler could not begin is worth another try, or nil.
    /// - Returns: What to report about it.
    mutating func claimed(
        _ exchange: Exchange,
        _ share: ClaimRequest.Share,
        isIdle: Bool,
        sent: Instant,
        now: Instant,
        nextName: Instant?
    ) -> [Finding] {
        let isEmpty = exchange.claimed.isEmpty
        if !isEmpty { vainLooks = 0 }
        guard !isEnding else { return [] }
        if isEmpty, exchange.isPartial {
            nextClaim = sent
            return []
        }
        var findings: [Finding] = []
        let looksAgain = lookAgain(exchange, share, isIdle: isIdle, now: now, &findings)
        if looksAgain, !isOver(sent) {
            wake()
        } else if share.isOfOne {
            if isEmpty, !isOver(sent) { findings.append(.queueIsEmpty) }
            endAlone(isEmpty: isEmpty, sent: sent, nextName: nextName)
        } else if exchange.isPartial {
            nextClaim = sent
        } else if !isEmpty {
            wake()
        } else if isIdle, exchange.look != nil {
            // The store has looked for those as well that must be performed alone.
            if !isOver(sent) { findings.append(.queueIsEmpty) }
            endAlone(isEmpty: true, sent: sent, nextName: nextName)
        } else if isIdle {
            phase = .claimingAlone
        } else {
            // Handlers run: look again in a second, unless the store says when.
            nextClaim = sent.advanced(by: .seconds(1))
            phase = stays ? .waiting : .claiming
        }
        return findings
    }

    /// Decides what follows a claim of a task that must be performed alone.
    private mutating func endAlone(isEmpty: Bool, sent: Instant, nextName: Instant?) {
        if isOver(sent) {
            phase = .finishing
        } else if !isEmpty {
            phase = .claiming
        } else if stays {
            phase = .waiting
        } else if let nextName {
            (phase, nextClaim) = (.claiming, nextName)
        } else if passedOver?.isReported == true {
            // Due rows have been locked for long, and the run stays for them within its window.
            (phase, nextClaim) = (.claiming, sent.advanced(by: .seconds(1)))
        } else {
            phase = .finishing
        }
    }

    /// Looks again at due rows that could not be claimed, because other transactions will release them soon.
    ///
    /// - Returns: Whether to look for nothing else; false once they have been locked for long, which is then reported.
    private mutating func lookAgain(
        _ exchange: Exchange,
        _ share: ClaimRequest.Share,
        isIdle: Bool,
        now: Instant,
        _ findings: inout [Finding]
    ) -> Bool {
        guard exchange.claimed.isEmpty, exchange.isPassedOver else {
            // A row that has to be performed alone says nothing about the others.
            if !share.isOfOne || !exchange.claimed.isEmpty { passedOver = nil }
            return false
        }
        if exchange.waitsForOthers != nil, !isIdle {
            // They most likely wait for tasks that run here.
            (passedOver, nextClaim) = (nil, now.advanced(by: Self.pauseForOthers))
            return true
        }
        var passed = passedOver ?? PassedOver(at: now)
        defer { passedOver = passed }
        if let next = passed.next(now) {
            nextClaim = next
            return true
        }
        if !passed.isReported {
            passed.isReported = true
            findings.append(exchange.waitsForOthers.map { .rowsWaitForOthers($0) } ?? .rowsAreLocked)
        }
        return false
    }
}
