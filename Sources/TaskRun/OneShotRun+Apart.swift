/// Ends that somebody's open transaction keeps from being written down: they are set apart and tried again, while the others go on.
extension OneShotRun {
    /// How long one look at them may keep the run from everything else.
    private static let share = Duration.milliseconds(500)
    /// The longest pause between two tries of one end.
    private static let longestPause = 30
    /// How long an end is held before that is said.
    private static let patienceBeforeWord = Duration.seconds(5)

    /// Whether ends are to be written down together.
    var hasReadyEnds: Bool { unsettled.contains { $0.apart == nil } }

    /// Whether ends were set apart.
    var isAnyApart: Bool { unsettled.contains { $0.apart != nil } }

    /// Sets those apart that are held; where nobody knows which, those that may be.
    ///
    /// - Returns: Whether there are any.
    func setApart(now: ContinuousClock.Instant) async -> Bool {
        let ready = unsettled.filter { $0.apart == nil }.map(\.settlement)
        // It may be the whole table that is locked: then there is nobody who could be settled meanwhile.
        guard !ready.isEmpty, let held = try? await store.held(among: ready) else { return false }
        let followed = Set(ready.filter { !$0.additions.isEmpty }.map(\.proof))
        let suspects = held.isEmpty ? followed.isEmpty ? Set(ready.map(\.proof)) : followed : Set(held.keys)
        for place in unsettled.indices where suspects.contains(unsettled[place].task.proof) {
            let isHeld = held[unsettled[place].task.proof] != nil
            unsettled[place].apart = isHeld ? now.advanced(by: .seconds(1)) : now
            unsettled[place].heldSince = unsettled[place].heldSince ?? now
        }
        return true
    }

    /// Lets each end be written alone.
    func tryEachAlone(now: ContinuousClock.Instant) {
        for end in unsettled where end.apart == nil { end.apart = now }
    }

    /// Writes those down whose time has come, each alone, the one that has waited longest first; behind all the others.
    ///
    /// Those that are seen to be held are not tried.
    func settleApart() async {
        let began = ContinuousClock.now
        guard troubleUntil == nil, !hasReadyEnds, nextApart(now: began) != nil else { return }
        await postponeHeld(now: began)
        while began.duration(to: .now) < Self.share, let place = nextApart(now: began) {
            let count = unsettled.count
            if let error = await settleAlone(place) { return await overcome(error, sent: began) }
            // What follows may be due at once.
            if unsettled.count < count { nextClaim = .now }
        }
    }

    /// Lets those wait that are still held, as one look shows.
    private func postponeHeld(now: ContinuousClock.Instant) async {
        guard !isLate(now) else { return }
        let due = unsettled.filter { $0.apart.map { $0 <= now } ?? false }.map(\.settlement)
        guard let held = try? await store.held(among: due) else { return }
        for (proof, holder) in held {
            guard let place = unsettled.firstIndex(where: { $0.task.proof == proof && $0.apart != nil }) else {
                continue
            }
            let error = StoreError(.held, subject: "cannot settle tasks in \(store.location)", cause: holder)
            postpone(place, error, pause: .seconds(1))
        }
    }

    private func nextApart(now: ContinuousClock.Instant) -> Int? {
        let isLate = isLate(now)
        return unsettled.indices
            .filter { unsettled[$0].apart.map { isLate || $0 <= now } ?? false }
            .min { (unsettled[$0].apart ?? now) < (unsettled[$1].apart ?? now) }
    }

    /// Lets an end wait that is held; where it is not known what holds it, the more of them there are the longer, as each try takes
    /// its time.
    ///
    /// A run that has to go gives all of them up.
    func postpone(_ place: Int, _ error: StoreError, pause: Duration? = nil) {
        let now = ContinuousClock.now
        tellHeld(place, error, now: now)
        if isLate(now) {
            let lost = unsettled.filter { $0.apart != nil }
            unsettled.removeAll { $0.apart != nil }
            return lost.forEach { lose($0.finished) }
        }
        let end = unsettled[place]
        guard end.finished.held.leaseEnd > now else {
            unsettled.remove(at: place)
            return lose(end.finished)
        }
        let count = unsettled.count { $0.apart != nil }
        unsettled[place].heldSince = end.heldSince ?? now
        unsettled[place].apart = now.advanced(by: pause ?? .seconds(min(max(count, 1), Self.longestPause)))
    }

    /// Says once who holds an end, when it has been held for a while.
    private func tellHeld(_ place: Int, _ error: StoreError, now: ContinuousClock.Instant) {
        let end = unsettled[place]
        guard !end.isTold, let since = end.heldSince, since.duration(to: now) >= Self.patienceBeforeWord else { return }
        unsettled[place].isTold = true
        let advice = "It is tried again until the transaction ends; the others are settled meanwhile."
        observer?(
            .held(
                StoreError(
                    .held,
                    subject: "cannot write the end of task \(end.task.id) \(end.task.name) in \(store.location)",
                    cause: error.cause,
                    advice: advice,
                    task: end.task.id
                )
            )
        )
    }
}
