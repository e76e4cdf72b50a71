/// Renews the leases of all tasks that the run holds, at once, at a third of the lease's length.
final class LeaseKeeper {
    private let run: RunShared
    private let settler: Settler
    private let notices: Notices
    private let housekeeper: Housekeeper
    private var nextRenewal: ContinuousClock.Instant

    init(_ run: RunShared, settler: Settler, notices: Notices, housekeeper: Housekeeper) {
        (self.run, self.settler, self.notices, self.housekeeper) = (run, settler, notices, housekeeper)
        nextRenewal = .now.advanced(by: Self.pause(run.settings))
    }

    private static func pause(_ settings: RunSettings) -> Duration { min(settings.renewal, settings.lease / 3) }

    var nextDeadline: ContinuousClock.Instant? { run.state.failure == nil ? nextRenewal : nil }

    /// Renews the leases when it is time, and takes over the tasks of runs that have died since.
    func renew() async {
        let sent = ContinuousClock.now
        guard sent >= nextRenewal, run.state.failure == nil else { return }
        nextRenewal = sent.advanced(by: Self.pause(run.settings))
        do {
            let proofs = run.attempts.with { $0.proofs } + settler.proofs
            if !proofs.isEmpty {
                let lost = Set(try await renew(proofs[...]))
                prolong(until: sent.advanced(by: run.settings.lease), except: lost)
            }
            // While nothing is due the table is left alone: the next minute's run takes over the tasks of dead runs.
            if !run.state.isEnding, !run.state.isWaiting { try await housekeeper.recover() }
        } catch {
            run.tell(.trouble(error))
            nextRenewal = sent.advanced(by: .seconds(2))
        }
    }

    /// Renews leases, in halves if the database refuses one of them; a refused one still holds, and is reported once.
    ///
    /// - Returns: The proofs that are no longer valid.
    private func renew(_ proofs: ArraySlice<ClaimProof>) async throws(StoreError) -> [ClaimProof] {
        do {
            return try await run.store.renew(Array(proofs), lease: run.settings.lease, now: nil)
        } catch  where error.code == .refused {
            guard proofs.count > 1 else {
                let rows = proofs.map { RefusedRow(id: $0.id, name: nil, cause: error.cause) }
                notices.refused(rows, to: "renew the lease of")
                return []
            }
            let middle = proofs.startIndex + proofs.count / 2
            return try await renew(proofs[..<middle]) + renew(proofs[middle...])
        }
    }

    /// Notes which leases are renewed, and ends the attempts whose claims were taken over.
    private func prolong(until end: ContinuousClock.Instant, except lost: Set<ClaimProof>) {
        let unbegun = run.attempts.with { state in
            for index in state.ready.indices { state.ready[index].leaseEnd = end }
            for (worker, attempt) in state.running {
                state.running[worker]?.leaseEnd = lost.contains(attempt.task.proof) ? .now : end
            }
            for index in state.ended.indices { state.ended[index].leaseEnd = end }
            return state.removeReady { lost.contains($0.task.proof) }
        }
        settler.prolong(until: end)
        run.state.count(\.leaseLost, unbegun.count)
    }
}
