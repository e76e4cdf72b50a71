import TaskRun

extension PostgreSQLStore {
    /// For how long a change of the tables tries to get its locks.
    private static let lockPatience: Duration = .seconds(600)
    /// How long it leaves the tables to others after it has waited for a second in vain, give or take a half.
    private static let lockPause: Duration = .seconds(1)

    /// Changes the tables in a transaction that waits for each lock for a second at most, and begins anew where that was not enough.
    ///
    /// A statement that waits for such a lock keeps everybody waiting who comes after it, the application's INSERTs among them. So
    /// none of them waits for longer than that.
    ///
    /// - Parameters:
    ///   - doing: What is being done, for people.
    ///   - body: The transaction; it is run again as a whole.
    /// - Returns: What `body` returns.
    /// - Throws: What the database reports; ``TaskRun/StoreError/Code/locked`` after ten minutes in vain.
    func inSlices<Result: Sendable>(
        to doing: String,
        _ body: @Sendable (PostgreSQLSession) throws(PostgreSQLFailure) -> Result
    ) async throws(StoreError) -> Result {
        let end = ContinuousClock.now + Self.lockPatience
        var told: String?
        while true {
            do throws(PostgreSQLFailure) {
                return try await main.run(body)
            } catch {
                // Two transactions that wait for each other are told apart by the server; so much is passing too.
                let isPassing = [PostgreSQLFailure.lockTimeout, "40P01"].contains(error.state)
                guard isPassing, ContinuousClock.now < end else { throw error.storeError(subject: subject(doing)) }
            }
            let holder = try? await main.run { session throws(PostgreSQLFailure) in
                try session.rows(of: Request(SchemaSQL.holder)).first.map { Self.holder($0) }
            }
            let words = holder.flatMap(\.self) ?? "another program"
            if told != words {
                tell?(.waiting("waiting for a lock on the tables, which \(words) has; trying again each second"))
            }
            told = words
            do {
                try await Task.sleep(for: Self.lockPause * Double.random(in: 0.5...1.5))
            } catch {
                throw StoreError(.locked, subject: subject(doing), cause: "cancelled while waiting for a lock")
            }
        }
    }

    /// `process 4711 (psql)`.
    private static func holder(_ row: PostgreSQLResult.Row) -> String {
        let name = row.textIfAny("application_name").flatMap { $0.isEmpty ? nil : " (\($0))" } ?? ""
        return "process \(row.integer("pid"))\(name)"
    }
}
