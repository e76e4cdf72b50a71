import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Settlements as at most two statements: one that deletes and one that puts rows back or aside.
struct SettlementBatch: Sendable {
    /// The statements to be run.
    let requests: [Request]
    private let settlements: [Settlement]

    /// Sorts settlements into statements.
    init(_ settlements: [Settlement], now: Date?) {
        self.settlements = settlements
        let deletes = settlements.filter { $0.verdict == .delete }
        let updates = settlements.filter { $0.verdict != .delete }
        var requests: [Request] = []
        if !deletes.isEmpty {
            requests.append(Request(SettleSQL.delete, ClaimProof.arrays(deletes.map(\.proof))))
        }
        if !updates.isEmpty {
            let changes = updates.map { Change($0.verdict) }
            requests.append(
                Request(
                    SettleSQL.update,
                    ClaimProof.arrays(updates.map(\.proof)) + [
                        SQLText.array(changes.map { $0.status.rawValue }),
                        SQLText.array(changes.map { $0.isGivenBack ? 1 : 0 }),
                        SQLText.array(changes.map { $0.wait.map(SQLText.seconds) }),
                        SQLText.array(changes.map { $0.error.map(LastError.fit) }),
                        SQLText.array(changes.map { $0.isFresh ? "t" : "f" }),
                        SQLText.moment(now),
                    ]
                )
            )
        }
        self.requests = requests
    }

    /// One result a settlement, from the rows that the statements changed.
    func results(_ answers: some Sequence<PostgreSQLResult>) -> [SettleResult] {
        let changed = Set(answers.flatMap(\.rows).map { ClaimProof(id: $0.integer(0), number: $0.integer(1)) })
        return settlements.map { changed.contains($0.proof) ? .settled : .leaseLost }
    }

    /// What a verdict but `delete` changes in a row.
    private struct Change {
        var status: TaskStatus = .waiting
        var isGivenBack = false
        /// nil leaves `run_at` as it is.
        var wait: Duration?
        /// nil leaves `last_error` as it is.
        var error: String?
        var isFresh = false

        init(_ verdict: Verdict) {
            switch verdict {
            case .delete:
                preconditionFailure("a row to be deleted is not changed")
            case .retry(let after, let error):
                (wait, self.error, isFresh) = (Self.clamped(after), error, true)
            case .fail(let error):
                (status, self.error) = (.failed, error)
            case .release(let after, let error):
                // Given back unused, a row keeps its place among the due ones.
                wait = after > .zero ? Self.clamped(after) : nil
                (isGivenBack, self.error) = (true, error)
            }
        }

        private static func clamped(_ wait: Duration) -> Duration { min(max(wait, .zero), .seconds(366 * 86400)) }
    }
}

extension ClaimProof {
    /// Ids and claim numbers as two arrays.
    static func arrays(_ proofs: [ClaimProof]) -> [String?] {
        [SQLText.array(proofs.map(\.id)), SQLText.array(proofs.map(\.number))]
    }
}
