/// What a run does about batches that others than its own tasks have ended.
extension OneShotRun {
    /// Makes tasks due whose batches have ended unnoticed; whether there were any.
    func endBatches() async throws(StoreError) -> Bool {
        let ended = try await store.endBatches(now: nil)
        tell(ended.refusals)
        note(lockedFollower: ended.isPartial)
        return ended.due > 0
    }

    /// What has expired may have been the last of a batch; and what was locked, when its batch ended, may no longer be.
    ///
    /// While there is other work, at most once a second. Trouble is not told: what settles and claims finds the same, and the next run
    /// looks again.
    func endBatchesOfExpired() async {
        let now = ContinuousClock.now
        guard hasExpired, now >= nextBatchLook || isIdle && lockedFollower == nil else { return }
        (hasExpired, nextBatchLook) = (false, now.advanced(by: .seconds(1)))
        let stays = staysForFollower && turn == nil
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
