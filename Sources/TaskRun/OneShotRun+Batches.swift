/// How far a run has looked for batches that have ended.
struct BatchLook {
    /// The last batch that was looked at; nil: the next look begins with the first one.
    var after: String?
    /// Whether a task was passed over, since the first batch, as its row was locked.
    var metLocked = false
}

/// What a run does about batches that others than its own tasks have ended.
extension OneShotRun {
    /// Makes tasks due whose batches have ended unnoticed, of some batches: the next call goes on behind them.
    ///
    /// - Returns: Whether there were any.
    func endBatches() async throws(StoreError) -> Bool {
        var look = batchLook
        batchLook = BatchLook()
        let ended = try await store.endBatches(after: look.after, now: nil)
        tell(ended.refusals)
        look.metLocked = look.metLocked || ended.isPartial
        if ended.last == nil {
            note(lockedFollower: look.metLocked)
        } else {
            batchLook = BatchLook(after: ended.last, metLocked: look.metLocked)
        }
        return ended.due > 0
    }

    /// Whether the run stays to look at the rest of the batches.
    var staysForBatches: Bool {
        batchLook.after != nil && !isOver(.now) && stop.requests == 0 && fatal == nil && troubleUntil == nil
            && report.trouble == nil
    }

    /// What has expired may have been the last of a batch; and what was locked, when its batch ended, may no longer be.
    ///
    /// While there is other work, at most once a second. Trouble is not told: what settles and claims finds the same, and the next run
    /// looks again.
    func endBatchesOfExpired() async {
        let now = ContinuousClock.now
        let isTime = now >= nextBatchLook || isIdle && lockedFollower == nil
        guard staysForBatches || hasExpired && isTime else { return }
        // What has expired meanwhile may be of a batch that was looked at before.
        if batchLook.after == nil { hasExpired = false }
        nextBatchLook = now.advanced(by: .seconds(1))
        let stays = (staysForFollower || staysForBatches) && turn == nil
        let isEnded = try? await endBatches()
        if isEnded == nil, lockedFollower != nil { hasExpired = true }
        guard isEnded == true, phase != .done || stays else { return }
        (phase, nextClaim, isWaiting) = (.usual, .now, false)
    }

    /// Says which tasks go on waiting although their batches have ended; once a run.
    func tell(_ refusals: [BatchRefusal]) {
        for refusal in refusals where refused.insert(refusal.id).inserted {
            observer?(.trouble(refusal.error(in: store.location)))
        }
    }
}
