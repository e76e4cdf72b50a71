import TaskRun

/// Finds the rows that the table refuses to let be claimed, by claims that are undone: first of all rows, then of
/// halves.
struct RefusedRows {
    private let claim: Claim
    private let session: PostgreSQLSession
    /// Until then it goes on although rows are locked by other transactions or their triggers take long: that may be
    /// all of them.
    private let end = ContinuousClock.now.advanced(by: .seconds(30))

    init(_ claim: Claim, in session: PostgreSQLSession) { (self.claim, self.session) = (claim, session) }

    /// Tries the rows that the claim would take.
    ///
    /// - Returns: The refused rows, with the server's words. If no row is refused alone: those that are refused
    ///   once others are claimed, and how many those others are.
    /// - Throws: What the database reports about other things than rows.
    func find() throws(PostgreSQLFailure) -> (rows: [RefusedRow], fitting: Int?) {
        let found = try OpenClaim(claim: claim, session: session).candidates()
        let late = try refused(of: found.expired[...]) { Request(ClaimSQL.expiryTrial, [SQLText.array($0)]) }
            .map { RefusedRow(id: $0.id, name: $0.name, cause: $0.cause) }
        let known = Set(late.map(\.id))
        let due = found.due.filter { !known.contains($0) }
        let refused = late + (try refused(among: due))
        guard refused.isEmpty else { return (refused, nil) }
        let beside = try refusedBesideOthers(due)
        return (beside, due.count > beside.count ? due.count - beside.count : nil)
    }

    /// What a trial reports about a row that could be locked.
    private struct Tried {
        let id: Int64
        let isChanged: Bool

        init(_ row: PostgreSQLResult.Row) {
            (id, isChanged) = (row.integer("id"), row.integerIfAny("taken_id") != nil)
        }
    }

    /// Those of these rows that cannot be claimed once others of them are.
    ///
    /// It tries one part after another, and keeps what could be claimed.
    private func refusedBesideOthers(_ ids: [Int64]) throws(PostgreSQLFailure) -> [RefusedRow] {
        try session.exchange([.begin, SessionSettings.impatience])
        var refused: [RefusedRow] = []
        var parts = [ids[...]]
        while let part = parts.popLast() {
            guard let first = part.first else { continue }
            let cause: String
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange([
                    .mark, claim.trial(of: Array(part)), Request(ClaimSQL.runDeferred),
                    Request(ClaimSQL.waiting, [SQLText.array(Array(part))]),
                ])
                let waiting = Set(answers[ClaimSQL.waiting].map { $0.integer("id") })
                // Rows that another transaction has locked are not in the trial's answer.
                let tried = answers[ClaimSQL.trial].map { Tried($0) }
                let isSkipped = tried.contains { !$0.isChanged || waiting.contains($0.id) }
                guard isSkipped else {
                    try session.exchange([.keep])
                    continue
                }
                cause = StoreError.skipped
            } catch {
                guard error.mayBeOfOneRow, error.code != .locked || ContinuousClock.now < end else { throw error }
                cause = error.storeError(subject: "").cause
            }
            try session.exchange([.undo])
            if part.count > 1 {
                parts += part.halves
            } else {
                refused.append(RefusedRow(id: first, name: nil, cause: cause, isForNow: true))
            }
        }
        try session.exchange([.rollback])
        return refused
    }

    func refused(among ids: [Int64]) throws(PostgreSQLFailure) -> [RefusedRow] {
        try refused(of: ids[...], by: claim.trial)
    }

    private func refused(
        of ids: ArraySlice<Int64>,
        by trial: ([Int64]) -> Request
    ) throws(PostgreSQLFailure) -> [RefusedRow] {
        guard let first = ids.first else { return [] }
        do throws(PostgreSQLFailure) {
            let trial = trial(Array(ids))
            let answers = try session.exchange([
                .begin, SessionSettings.impatience, trial, Request(ClaimSQL.runDeferred),
                Request(ClaimSQL.waiting, [SQLText.array(ids)]), .rollback,
            ])
            let rows = answers[trial.statement].map { Tried($0) }
            let waiting = Set(answers[ClaimSQL.waiting].map { $0.integer("id") })
            let silent = rows.filter { !$0.isChanged || waiting.contains($0.id) }.map(\.id)
            let unseen = Set(ids).subtracting(rows.map(\.id))
            return (silent + (try hidden(among: unseen.sorted()))).map {
                RefusedRow(id: $0, name: nil, cause: StoreError.skipped)
            }
        } catch {
            guard error.mayBeOfOneRow, error.code != .locked || ContinuousClock.now < end else { throw error }
            try session.exchange([.rollback])
            guard ids.count > 1 else {
                let cause = error.storeError(subject: "").cause
                return [RefusedRow(id: first, name: nil, cause: cause, isForNow: error.isOfTwoRows)]
            }
            let middle = ids.startIndex + ids.count / 2
            return try refused(of: ids[..<middle], by: trial) + refused(of: ids[middle...], by: trial)
        }
    }

    /// The most rows that could not be locked and are looked at one by one.
    private static let mostHidden = 20

    /// Rows that can be seen and that no one has locked, but that cannot be locked: a policy hides them from UPDATE.
    private func hidden(among ids: [Int64]) throws(PostgreSQLFailure) -> [Int64] {
        var hidden: [Int64] = []
        for id in ids.prefix(Self.mostHidden) {
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange([
                    Request(ClaimSQL.waits, [String(id)]), Request(ClaimSQL.lockable, [String(id)]),
                ])
                if !answers[ClaimSQL.waits].isEmpty, answers[ClaimSQL.lockable].isEmpty { hidden.append(id) }
            } catch {
                guard error.state == PostgreSQLFailure.lockTimeout else { throw error }
            }
        }
        return hidden
    }
}
