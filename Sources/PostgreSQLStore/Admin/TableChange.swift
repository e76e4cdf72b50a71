import TaskRun

/// Changes the tables in a transaction that waits at most one second for each lock, and begins again if that was not
/// enough.
///
/// A statement that waits for such a lock makes all later ones wait, also the application's INSERTs. This way none of
/// them waits longer than that.
struct TableChange: Sendable {
    /// How long a change of the tables tries to get its locks.
    private static let lockPatience: Duration = .seconds(600)
    /// How long it leaves the tables to others after it has waited for a second, plus or minus a half.
    private static let lockPause: Duration = .seconds(1)

    let store: PostgreSQLStore

    /// Runs a transaction until it gets its locks; `doing` is for error texts.
    ///
    /// `body` is run again as a whole.
    ///
    /// - Throws: What the database reports; ``TaskRun/StoreError/Code/locked`` if ten minutes were not enough.
    func run<Result: Sendable>(
        to doing: String,
        _ body: @Sendable (PostgreSQLSession) throws(PostgreSQLFailure) -> Result
    ) async throws(StoreError) -> Result {
        let end = ContinuousClock.now + Self.lockPatience
        var lastHolder: String?
        while true {
            do throws(PostgreSQLFailure) {
                return try await store.main.run(body)
            } catch {
                // If two transactions wait for each other, the server ends one of them; that will pass too.
                let isPassing = [PostgreSQLFailure.lockTimeout, "40P01"].contains(error.state)
                guard isPassing, ContinuousClock.now < end else {
                    throw error.storeError(subject: store.subject(doing))
                }
            }
            let holder = try? await store.main.run { session throws(PostgreSQLFailure) in
                try session.rows(of: Request(SchemaSQL.holder)).first.map { Self.holder($0) }
            }
            let words = holder.flatMap(\.self) ?? "another program"
            if lastHolder != words {
                store.tell?(.waiting("waiting for a lock on the tables, which \(words) has; trying again each second"))
            }
            lastHolder = words
            do {
                try await Task.sleep(for: Self.lockPause * Double.random(in: 0.5...1.5))
            } catch {
                throw StoreError(.locked, subject: store.subject(doing), cause: "cancelled while waiting for a lock")
            }
        }
    }

    /// `process 4711 (psql)`.
    private static func holder(_ row: PostgreSQLResult.Row) -> String {
        let name = row.textIfAny("application_name").flatMap { $0.isEmpty ? nil : " (\($0))" } ?? ""
        return "process \(row.integer("pid"))\(name)"
    }
}
