/// What a run does about batches that others than its own tasks have ended.
extension OneShotRun {
    /// Makes tasks due whose batches have ended unnoticed, until some are; the next call goes on behind them.
    ///
    /// - Returns: Whether there were any.
    func endBatches() async throws(StoreError) -> Bool {
        if batchesAfter == nil { metLockedFollower = false }
        let patience = ContinuousClock.now.advanced(by: .seconds(1))
        var due = 0
        repeat {
            let after = batchesAfter
            batchesAfter = nil
            let ended = try await store.endBatches(after: after, now: nil)
            tell(ended.refusals)
            if ended.isPartial { note(lockedFollower: true) }
            (due, batchesAfter) = (due + ended.due, ended.last)
        } while batchesAfter != nil && due == 0 && ContinuousClock.now < patience && stop.requests == 0
        if batchesAfter != nil {
            isBatchLookDue = true
        } else if !metLockedFollower {
            note(lockedFollower: false)
        }
        return due > 0
    }

    /// Whether the run stays to look at batches.
    var staysForBatches: Bool { isBatchLookDue && lockedFollower == nil && mayGoOn }

    /// Whether a run that found nothing more goes on where a batch has ended.
    private var mayGoOn: Bool {
        turn == nil && !isOver(.now) && stop.requests == 0 && fatal == nil && troubleUntil == nil
            && report.trouble == nil
    }

    /// What has expired may have been the last of a batch; and what was locked, when its batch ended, may no longer be.
    ///
    /// While there is other work, at most once a second. Trouble is not told: what settles and claims finds the same, and the next run
    /// looks again.
    func endBatchesOfExpired() async {
        let now = ContinuousClock.now
        guard isBatchLookDue, now >= nextBatchLook || isIdle && lockedFollower == nil else { return }
        (isBatchLookDue, nextBatchLook) = (false, now.advanced(by: .seconds(1)))
        let stays = staysForFollower && turn == nil
        do throws(StoreError) {
            guard try await endBatches(), phase != .done || stays || mayGoOn else { return }
            (phase, nextClaim, isWaiting) = (.usual, .now, false)
        } catch {
            if error.code == .locked || lockedFollower != nil { note(lockedFollower: true) }
        }
    }

    /// Says which tasks go on waiting although their batches have ended; once a run.
    func tell(_ refusals: [BatchRefusal]) {
        for refusal in refusals where refused.insert(refusal.id).inserted {
            observer?(.trouble(refusal.error(in: store.location)))
        }
    }
}
