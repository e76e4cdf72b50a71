/// The end of a task that is decided and not yet written to the table.
///
/// A class because the settler passes it on many times.
final class PendingEnd {
    private(set) var attempt: Attempt
    /// As it was decided.
    let decided: Settlement
    /// As it is to be written now.
    private(set) var settlement: Settlement
    /// The form in which it is to be written now.
    private(set) var form = EndForm.whole
    /// What the database said against the better forms.
    private(set) var words: String?
    /// When to write it again, alone, or nil if it is written together with the others.
    private(set) var retryAt: ContinuousClock.Instant?
    /// When it was first found held by another transaction, or nil if it is not held.
    private(set) var heldSince: ContinuousClock.Instant?
    /// Whether a look has shown that another transaction holds it.
    private(set) var isSeenHeld = false
    /// How many times it was written alone and the database answered ``StoreError/Code/undone``.
    private var timesUndone = 0
    private var isHeldReported = false

    init(_ attempt: Attempt, _ settlement: Settlement) {
        (self.attempt, self.settlement, decided) = (attempt, settlement, settlement)
    }

    var task: ClaimedTask { attempt.task }
    var verdict: Verdict { settlement.verdict }
    var isAlone: Bool { retryAt != nil }
    /// Whether it was undone so often that the run no longer tries this form.
    var isUndoneForGood: Bool { timesUndone >= 2 }

    func prolong(until end: ContinuousClock.Instant) { attempt.leaseEnd = end }

    /// It is written alone from now on, and not before this moment.
    func setAlone(at moment: ContinuousClock.Instant) { retryAt = moment }

    /// Another transaction holds it, or may hold it.
    func setHeld(since now: ContinuousClock.Instant, retryAt: ContinuousClock.Instant, isSeen: Bool = false) {
        heldSince = heldSince ?? now
        (self.retryAt, isSeenHeld) = (retryAt, isSeenHeld || isSeen)
    }

    /// A look has shown that no transaction holds it any more; it is written together with the others.
    func setFree() { (retryAt, heldSince, isSeenHeld) = (nil, nil, false) }

    /// It was undone once more.
    ///
    /// - Returns: How long to wait before the next try.
    func noteUndone() -> Duration {
        timesUndone += 1
        return .seconds(timesUndone)
    }

    /// Whether to report now that it is held: once, after 5 s.
    func isWorthTelling(_ now: ContinuousClock.Instant) -> Bool {
        guard !isHeldReported, let heldSince, heldSince.duration(to: now) >= PassedOver.patience else { return false }
        isHeldReported = true
        return true
    }

    /// Goes on to the next form that differs.
    ///
    /// - Returns: Whether there is one.
    func takeNextForm(after error: StoreError) -> Bool {
        words = words ?? error.cause
        // What takes too long may do so in any form.
        retryAt = error.code == .undone ? .now : nil
        // If a follow-up is refused, no other form of this end helps.
        var next = error.isAboutFollowUp ? EndForm.withoutLine : form
        while let worse = EndForm(rawValue: next.rawValue + 1) {
            next = worse
            let written = decided.written(as: worse, since: words ?? "", isAboutFollowUp: error.isAboutFollowUp)
            guard let written else { continue }
            (form, settlement, timesUndone) = (worse, written, 0)
            return true
        }
        return false
    }

    /// The error about a task whose row cannot be written in any form.
    func stuck(_ error: StoreError, in location: String) -> StoreError {
        StoreError(
            .refused,
            subject: "task \(task.id) \(task.name) in \(location) \(decided.verdict.summary)",
            cause: words ?? error.cause,
            advice:
                "It cannot be made FAILED either. No run performs it again; the next ones try to write its end. "
                + "Remove what refuses it: a trigger, a constraint, a missing right.",
            task: task.id
        )
    }
}

extension ArraySlice {
    /// The two halves, the second one first.
    package var halves: [ArraySlice] {
        let middle = startIndex + count / 2
        return [self[middle...], self[..<middle]]
    }
}
