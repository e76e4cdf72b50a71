/// Ends that somebody's open transaction keeps from being written down: each is settled alone, while the others go on.
extension OneShotRun {
    /// How long one look at them may keep the run from everything else.
    private static let share = Duration.milliseconds(500)
    /// The longest pause between two tries of one end.
    private static let longestPause = 30

    /// Whether ends are to be written down together.
    var hasReadyEnds: Bool { unsettled.contains { $0.apart == nil } }

    /// Whether ends were set apart.
    var isAnyApart: Bool { unsettled.contains { $0.apart != nil } }

    /// Sets those apart that may be held.
    ///
    /// - Returns: Whether there are any.
    func setApart(now: ContinuousClock.Instant) -> Bool {
        var isAny = false
        for place in unsettled.indices
        where unsettled[place].apart == nil && !unsettled[place].settlement.additions.isEmpty {
            unsettled[place].apart = now
            isAny = true
        }
        return isAny
    }

    /// Writes those down whose time has come, each alone, the one that has waited longest first; behind all the others.
    func settleApart() async {
        let began = ContinuousClock.now
        guard troubleUntil == nil, !hasReadyEnds else { return }
        while began.duration(to: .now) < Self.share, let place = nextApart(now: began) {
            let count = unsettled.count
            if let error = await settleAlone(place) { return await overcome(error, sent: began) }
            // What follows may be due at once.
            if unsettled.count < count { nextClaim = .now }
        }
    }

    private func nextApart(now: ContinuousClock.Instant) -> Int? {
        let isLate = isLate(now)
        return unsettled.indices
            .filter { unsettled[$0].apart.map { isLate || $0 <= now } ?? false }
            .min { (unsettled[$0].apart ?? now) < (unsettled[$1].apart ?? now) }
    }

    /// Lets an end wait that is held; the more of them there are the longer, as each try takes its time.
    ///
    /// A run that has to go gives all of them up.
    func postpone(_ place: Int, _ error: StoreError) {
        let (end, now) = (unsettled[place], ContinuousClock.now)
        if !end.isTold {
            let subject = "cannot add what is to follow on task \(end.task.id): \(error.subject)"
            observer?(.trouble(StoreError(error.code, subject: subject, cause: error.cause, advice: error.advice)))
        }
        if isLate(now) {
            let lost = unsettled.filter { $0.apart != nil }
            unsettled.removeAll { $0.apart != nil }
            return lost.forEach { lose($0.finished) }
        }
        guard end.finished.held.leaseEnd > now else {
            unsettled.remove(at: place)
            return lose(end.finished)
        }
        let count = unsettled.count { $0.apart != nil }
        unsettled[place].isTold = true
        unsettled[place].apart = now.advanced(by: .seconds(min(max(count, 1), Self.longestPause)))
    }
}
