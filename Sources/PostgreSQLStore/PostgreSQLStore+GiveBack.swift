public import TaskRun

extension PostgreSQLStore {
    /// Releases rows that this owner holds but does not know of: see ``TaskRun/TaskStore``.
    ///
    /// Which transactions are still open is asked first: one that has ended by then, and has claimed, is seen by what follows.
    ///
    /// - Returns: How many were released, and whether there can be no more.
    /// - Throws: What the database reports.
    public func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack {
        let isOver: Bool
        do {
            isOver = try await main.losesNothing()
        } catch {
            throw error.storeError(subject: subject("give back tasks"))
        }
        return try await reach(to: "give back tasks") { session throws(PostgreSQLFailure) in
            let values = [owner] + ClaimProof.arrays(known)
            let held = try session.exchange([.begin, Request(SettleSQL.held, values)])[SettleSQL.held]
            var count = 0
            if !held.isEmpty { count = try release(held.map { Settlement(releasing: $0) }, in: session) }
            let answers = try session.exchange([Request(SettleSQL.anyHeld, values), .commit])
            let isLeft = answers[SettleSQL.anyHeld].only.bool("any_held")
            return GivenBack(count: count, isComplete: isOver && !isLeft)
        }
    }

    /// Releases claims within the transaction that is open, with all that a settlement does.
    private func release(
        _ settlements: [Settlement],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Int {
        let batch = SettlementBatch(settlements, now: nil)
        var settled: (results: [SettleResult], removed: [RemovedEqual])
        do throws(PostgreSQLFailure) {
            let answers = try session.exchange([.mark] + batch.requests + [.keep])
            settled = (batch.results(answers), [])
        } catch {
            guard error.meetsEqual(in: "tasks_dedupe") else { throw error.isRefusal ? error.asRefusal : error }
            try session.exchange([.undo, .keep])
            settled = try batch.settleGivingWay(in: session)
        }
        _ = try batch.conclude(settled.results, removed: settled.removed, in: session)
        return settled.results.count { $0 == .settled || $0 == .cancelled }
    }
}

extension Settlement {
    /// Reads a row of ``SettleSQL/held``.
    fileprivate init(releasing row: PostgreSQLResult.Row) {
        self.init(
            ClaimProof(row),
            .release(),
            lockKey: row.textIfAny("lock_key"),
            record: ResultRecord(),
            batch: row.textIfAny("batch")
        )
    }
}
