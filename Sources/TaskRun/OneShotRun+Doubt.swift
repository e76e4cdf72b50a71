/// Claims that the table may hold for this run and that the run does not know of, as an answer was lost on its way.
struct Doubt {
    /// When to look for them.
    var next: ContinuousClock.Instant
    /// Until when a run that has nothing more to do waits for the transactions that may still make such claims.
    let end: ContinuousClock.Instant

    /// A look soon; the server ends each statement of a lost session after 10 s.
    init(at now: ContinuousClock.Instant) { (next, end) = (now, now.advanced(by: .seconds(20))) }
}

extension OneShotRun {
    /// Notes that an answer was lost.
    ///
    /// A run that claims nothing more has no new claims to look for.
    func doubt(now: ContinuousClock.Instant) {
        isUncertain = true
        if phase != .done { doubt = Doubt(at: now) }
    }

    /// Gives back what a transaction claimed whose answer was lost, again and again until no such transaction can be open any more.
    ///
    /// Behind the ends: where the lost transaction is still at them, writing them waits until it has ended, and its claims are seen.
    func forgetLostAnswers() async throws(StoreError) {
        guard let doubt, ContinuousClock.now >= doubt.next else { return }
        if hasReadyEnds { _ = try await writeEnds(thenClaim: nil) }
        let known = bench.with { $0.proofs } + unsettled.map(\.task.proof)
        let given: GivenBack
        do throws(StoreError) {
            given = try await store.giveBack(owner: identity.text, except: known)
        } catch  where error.code == .refused {
            // Their leases run out, and the run that takes them over names the rows.
            self.doubt = nil
            observer?(.trouble(error))
            return
        } catch {
            // A run that is at its end leaves them to the next one.
            if phase == .done { self.doubt = nil }
            throw error
        }
        // They are due again, and this run may have ended its claims meanwhile.
        if given.count > 0, phase == .done, turn == nil { (phase, nextClaim) = (.usual, .now) }
        self.doubt = given.isComplete ? nil : doubt
        self.doubt?.next = .now.advanced(by: .milliseconds(500))
    }

    /// Whether the run stays for claims that it may hold and does not know of.
    var staysInDoubt: Bool { doubt.map { ContinuousClock.now < $0.end && stop.requests < 2 && fatal == nil } ?? false }
}
