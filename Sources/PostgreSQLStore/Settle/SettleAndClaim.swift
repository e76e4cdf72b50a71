import Platform
import Synchronization
import TaskRun

/// One call of a run: ends claims and claims new tasks, in one transaction if nothing speaks against it.
struct SettleAndClaim: Sendable {
    let store: PostgreSQLStore
    let settlements: [Settlement]
    let request: ClaimRequest?
    let now: Date?

    private var memory: ClaimMemory { store.memory }

    /// Settles and claims; splits the settlements if the server has no room for the locks of all of them.
    func run() async throws(StoreError) -> Exchange {
        if let request, case .task(let id) = request.share {
            let settled = try await store.settle(settlements, thenClaim: nil, now: now)
            return settled.followed(by: try await claim(id, request))
        }
        if request != nil, store.standby.isMissed {
            // Each commit takes long: the run settles its tasks and claims no more.
            guard !settlements.isEmpty else { throw Standby.error(store.subject("claim tasks")) }
            let exchange = try await store.settle(settlements, thenClaim: nil, now: now)
            return Exchange(results: exchange.results, claimed: [], isPartial: true, refusals: exchange.refusals)
        }
        let budget = memory.lockBudget
        if settlements.count > 1, settlements.count(where: { $0.lockKey != nil }) > budget {
            let middle = settlements.count / 2
            let first = try await store.settle(Array(settlements[..<middle]), thenClaim: nil, now: now)
            let rest = try await store.settle(Array(settlements[middle...]), thenClaim: request, now: now)
            return first.followed(by: rest)
        }
        do {
            return try await runTogether()
        } catch {
            guard memory.lockBudget < budget else { throw error }
            return try await store.settle(settlements, thenClaim: request, now: now)
        }
    }

    /// Claims one row by its `id`; if it cannot be claimed, it may be one that has expired.
    private func claim(_ id: Int64, _ request: ClaimRequest) async throws(StoreError) -> Exchange {
        let claimed = try await store.reach(to: "claim task \(id)") {
            try Claims(session: $0, memory: memory).claim(id, request, now: now)
        }
        let expired = claimed.isEmpty ? try await store.expire(request.retention) : []
        return Exchange(results: [], claimed: claimed, expired: expired)
    }

    private func runTogether() async throws(StoreError) -> Exchange {
        let (avoided, fitting) = memory.avoided.withLock { (Array($0.ids), request == nil ? nil : $0.takeFitting()) }
        guard let claim = memory.claim(for: request?.atMost(fitting), avoiding: avoided, now: now) else {
            guard !settlements.isEmpty else { return Exchange(results: [], claimed: []) }
            return try await store.reach(to: "settle tasks") { session in
                let ends = Settlements(session: session, memory: memory)
                let batch = SettlementBatch(settlements, now: now, keeper: memory.history)
                return try ends.explaining(settlements) { () throws(PostgreSQLFailure) in try ends.settle(batch) }
            }
        }
        let doing = settlements.isEmpty ? "claim tasks" : "settle and claim tasks"
        return try await store.reach(to: doing) { session in
            let ends = Settlements(session: session, memory: memory)
            let batch = SettlementBatch(settlements, now: now, keeper: memory.history)
            return try ends.explaining(settlements) { () throws(PostgreSQLFailure) in
                let refusable = settlements.isEmpty ? claim : nil
                return try ends.claims.passingOver(refusable, isShortened: fitting != nil) {
                    () throws(PostgreSQLFailure) in try ends.settle(batch, thenClaim: claim)
                }
            }
        }
    }
}
