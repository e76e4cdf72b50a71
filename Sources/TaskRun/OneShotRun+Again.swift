import Text

/// What was passed over, as another transaction had it locked, and is looked at again by the same run.
struct PassedOver {
    /// How long a run looks again before it says so.
    static let patience = Duration.seconds(5)

    private let began: ContinuousClock.Instant
    private var count = 0
    /// Whether it was said.
    var isTold = false

    init(at now: ContinuousClock.Instant) { began = now }

    /// When to look again, later and later; nil: it has been locked for long.
    mutating func next(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard began.duration(to: now) < Self.patience else { return nil }
        count += 1
        return now.advanced(by: .milliseconds(min(250, 1 << min(count, 8))))
    }
}

extension OneShotRun {
    /// How often a run looks for what others have changed by hand.
    private static let mendPause = Duration.seconds(2)
    /// How soon it tries rows again that the table lets be claimed once others have ended, if none of its own ends before.
    private static let pauseForOthers = Duration.milliseconds(250)

    /// Looks again for due rows that were seen and could not be claimed: other runs let go of them soon.
    ///
    /// - Returns: Whether to look for nothing else; false: they are locked for long, as is said once.
    func looksAgain(_ exchange: Exchange, share: ClaimRequest.Share) -> Bool {
        guard exchange.claimed.isEmpty, exchange.isPassedOver else {
            // What has to be performed alone says nothing of the others.
            if share != .alone || !exchange.claimed.isEmpty { passedOver = nil }
            return false
        }
        let now = ContinuousClock.now
        if exchange.waitsForOthers != nil, !isIdle {
            // Most likely for those that are at work here.
            (passedOver, nextClaim) = (nil, now.advanced(by: Self.pauseForOthers))
            return true
        }
        var passed = passedOver ?? PassedOver(at: now)
        let next = passed.next(now)
        if next == nil, !passed.isTold {
            passed.isTold = true
            if let cause = exchange.waitsForOthers {
                tellHeld("cannot claim tasks that are due", cause, "See which task or index keeps them from that.")
            } else {
                tellLocked("cannot claim tasks that are due", "another transaction has their rows locked")
            }
        }
        passedOver = passed
        if let next { nextClaim = next }
        return next != nil
    }

    private func tellLocked(_ what: String, _ cause: String) {
        tellHeld(what, cause, "See pg_stat_activity for whose transaction has been open for long.")
    }

    private func tellHeld(_ what: String, _ cause: String, _ advice: String) {
        observer?(
            .held(
                StoreError(
                    .held,
                    subject: "\(what) in \(store.location)",
                    cause: "\(cause), for \(DurationText.exact(PassedOver.patience)) and longer",
                    advice: "They are looked at again until the run ends, and by the next ones. \(advice)"
                )
            )
        )
    }

    /// Notes whether a task was passed over that is to become due, as its batch has ended.
    func note(lockedFollower isLocked: Bool) {
        guard isLocked else { return lockedFollower = nil }
        metLockedFollower = true
        let now = ContinuousClock.now
        var passed = lockedFollower ?? PassedOver(at: now)
        // While it is locked for long it is looked at each second: the run may be at work for an hour.
        if let next = passed.next(now) {
            nextBatchLook = next
        } else if !passed.isTold {
            passed.isTold = true
            tellLocked("cannot make a task due whose batch has ended", "another transaction has its row locked")
        }
        lockedFollower = passed
        isBatchLookDue = true
    }

    /// Whether the run stays for a task that it is to make due.
    var staysForFollower: Bool {
        lockedFollower.map { (!$0.isTold || !isOver(.now)) && stop.requests == 0 && fatal == nil } ?? false
    }

    /// Whether the run stays, within its window, for due rows that have been locked for long.
    func staysForLocked(_ now: ContinuousClock.Instant) -> Bool {
        passedOver?.isTold == true && !isOver(now) && stop.requests == 0
    }

    /// Repairs what others have changed by hand, while this run stays or is at work for long; else the next one does at its begin.
    func mendMeanwhile() async {
        let now = ContinuousClock.now
        guard now >= nextMend, phase != .done, fatal == nil, troubleUntil == nil else { return }
        // Where it takes long it is done more seldom.
        defer { nextMend = .now.advanced(by: max(Self.mendPause, now.duration(to: .now) * 10)) }
        // Trouble is not told: what settles and claims finds the same.
        guard (try? await store.isAnythingToMend()) == true else { return }
        let isMended = ((try? await store.mendLines(now: nil)) ?? 0) > 0
        let isEnded = (try? await endBatches()) ?? false
        if isMended || isEnded { (phase, nextClaim, isWaiting) = (.usual, .now, false) }
    }
}
