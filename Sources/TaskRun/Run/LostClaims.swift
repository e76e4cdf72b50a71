/// Releases lost claims: a transaction made them, and its answer was lost, so the run does not know of them.
final class LostClaims {
    /// When to look for lost claims, and until when a run with nothing else to do waits for them.
    ///
    /// A lost transaction may still commit until then.
    private struct Look {
        var next: ContinuousClock.Instant
        let end: ContinuousClock.Instant

        /// Looks at once, and for 20 s: the server ends each statement of a lost session after 10 s.
        init(at now: ContinuousClock.Instant) { (next, end) = (now, now.advanced(by: .seconds(20))) }
    }

    private let run: RunShared
    private var look: Look?

    init(_ run: RunShared) { self.run = run }

    /// Whether the run stays for such claims.
    func keepsRunning(_ now: ContinuousClock.Instant) -> Bool {
        look.map { now < $0.end && !run.isUrgent && run.state.failure == nil } ?? false
    }

    var nextDeadline: ContinuousClock.Instant? {
        look.map { max($0.next, run.state.trouble?.until ?? $0.next) }
    }

    /// An answer was lost.
    ///
    /// A run that claims nothing more has no new claims to look for.
    func answerLost(_ now: ContinuousClock.Instant) {
        if !run.state.isEnding { look = Look(at: now) }
    }

    /// Releases lost claims; it is called again until no lost transaction can still be open.
    ///
    /// The ends of tasks are written first. If a lost transaction still holds their rows, this write waits for the end
    /// of that transaction.
    func giveBack(behind settler: Settler) async throws(StoreError) {
        guard let look, ContinuousClock.now >= look.next else { return }
        if settler.hasReadyEnds { _ = try await settler.write(thenClaim: nil) }
        let known = run.attempts.with { $0.proofs } + settler.proofs
        let given: GivenBack
        do throws(StoreError) {
            given = try await run.store.giveBack(owner: run.identity.text, except: known)
        } catch  where error.code == .refused {
            // Their leases run out, and the run that takes them over names the rows.
            self.look = nil
            return run.tell(.trouble(error))
        } catch {
            // A run that ends leaves them to the next one.
            if run.state.isEnding { self.look = nil }
            throw error
        }
        // They are due again, and this run may have stopped claiming since.
        if given.count > 0, run.state.isEnding, run.claimingRole == nil { run.state.becameDue(.now) }
        self.look = given.isComplete ? nil : look
        self.look?.next = .now.advanced(by: .milliseconds(500))
    }
}
