import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Settlements as at most two statements, one that deletes and one that puts rows back or aside; more where tasks with
/// tokens end, or where rows are put back that may have been cancelled meanwhile.
struct SettlementBatch: Sendable {
    /// The statements to be run.
    let requests: [Request]
    private let settlements: [Settlement]

    /// Sorts settlements into statements.
    init(_ settlements: [Settlement], now: Date?) {
        self.settlements = settlements
        let ordered = settlements.sorted { $0.proof.id < $1.proof.id }
        let deletes = ordered.filter(\.isDeletion)
        let updates = ordered.filter { !$0.isDeletion }
        var requests = ResultSQL.keep(ordered, now: now)
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
        let back = updates.filter { $0.verdict.resultState == nil }
        let removal = ResultSQL.removeCancelled(
            back.map { ($0.proof.id, $0.record?.keep ?? ResultRecord.standardKeep) },
            now: now
        )
        self.requests = requests + [removal].compactMap(\.self)
    }

    /// One result a settlement, from the rows that the statements changed.
    func results(_ answers: some Sequence<PostgreSQLResult>) -> [SettleResult] {
        let changed = answers.map(\.rows)
        guard changed.reduce(0, { $0 + $1.count }) < settlements.count else {
            return Array(repeating: .settled, count: settlements.count)
        }
        let ids = Set(changed.joined().map { $0.integer(0) })
        return settlements.map { ids.contains($0.proof.id) ? .settled : .leaseLost }
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
            case .delete, .cancel:
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

extension Settlement {
    fileprivate var isDeletion: Bool {
        verdict == .delete || verdict == .cancel
    }
}

extension ClaimProof {
    /// Ids and claim numbers as two arrays.
    static func arrays(_ proofs: [ClaimProof]) -> [String?] {
        [SQLText.array(proofs.map(\.id)), SQLText.array(proofs.map(\.number))]
    }
}
