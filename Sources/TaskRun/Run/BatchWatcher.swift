/// Makes tasks due whose batches have ended without a settlement: rows expired, were locked or were changed by hand.
final class BatchWatcher {
    private let run: RunShared
    private let notices: Notices
    /// Whether to look: tasks have expired, one was locked, or the last look did not reach the end.
    private(set) var isLookDue = false
    private var nextLook = ContinuousClock.now
    /// The batch behind which the next look continues, or nil for the first one.
    private var after: String?
    /// Whether a task that was to become due was locked, since the look began.
    private var metLocked = false
    /// A task that is to become due, and was locked.
    private var lockedFollower: PassedOver?

    init(_ run: RunShared, notices: Notices) { (self.run, self.notices) = (run, notices) }

    /// When to look, or nil if there is no reason to.
    func nextDeadline(_ now: ContinuousClock.Instant, isIdle: Bool) -> ContinuousClock.Instant? {
        guard isLookDue else { return nil }
        return isIdle && lockedFollower == nil ? now : nextLook
    }

    /// Whether the run stays for such tasks.
    func keepsRunning(_ now: ContinuousClock.Instant) -> Bool {
        staysForFollower(now) || isLookDue && lockedFollower == nil && goesOn(now)
    }

    private func staysForFollower(_ now: ContinuousClock.Instant) -> Bool {
        guard let lockedFollower, run.stop.requests == 0, run.state.failure == nil else { return false }
        return !lockedFollower.isReported || !run.state.isOver(now)
    }

    /// Whether a run that has found nothing more continues because a batch has ended.
    private func goesOn(_ now: ContinuousClock.Instant) -> Bool {
        run.claimingRole == nil && !run.state.isOver(now) && run.stop.requests == 0 && run.state.failure == nil
            && !run.state.isPaused(now) && run.state.report.trouble == nil
    }

    /// Tasks have expired: one of them may have been the last of a batch.
    func tasksExpired() { isLookDue = true }

    /// A task that is to become due was locked.
    func followerIsLocked() {
        metLocked = true
        let now = ContinuousClock.now
        var passed = lockedFollower ?? PassedOver(at: now)
        // If it stays locked it is looked at each second, because the run may last an hour.
        if let next = passed.next(now) {
            nextLook = next
        } else if !passed.isReported {
            passed.isReported = true
            notices.lockedFollower()
        }
        lockedFollower = passed
        isLookDue = true
    }

    /// Looks when it is time: at most once a second while there is other work.
    ///
    /// Errors are not reported: settling and claiming find the same error, and the next run looks again.
    func look(isIdle: Bool) async {
        let now = ContinuousClock.now
        guard isLookDue, now >= nextLook || isIdle && lockedFollower == nil else { return }
        (isLookDue, nextLook) = (false, now.advanced(by: .seconds(1)))
        let stays = staysForFollower(now) && run.claimingRole == nil
        do throws(StoreError) {
            guard try await endBatches(), !run.state.isEnding || stays || goesOn(.now) else { return }
            run.state.becameDue(.now)
        } catch {
            if error.code == .locked || lockedFollower != nil { followerIsLocked() }
        }
    }

    /// Makes tasks due until some are; the next call continues behind them.
    ///
    /// - Returns: Whether there were any.
    func endBatches() async throws(StoreError) -> Bool {
        if after == nil { metLocked = false }
        let patience = ContinuousClock.now.advanced(by: .seconds(1))
        var due = 0
        repeat {
            let from = after
            after = nil
            let ended = try await run.store.endBatches(after: from, now: nil)
            notices.refused(ended.refusals)
            if ended.isPartial { followerIsLocked() }
            (due, after) = (due + ended.due, ended.last)
        } while after != nil && due == 0 && ContinuousClock.now < patience && run.stop.requests == 0
        if after != nil { isLookDue = true } else if !metLocked { lockedFollower = nil }
        return due > 0
    }
}
