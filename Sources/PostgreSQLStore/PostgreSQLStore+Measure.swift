public import TaskRun

extension PostgreSQLStore {
    /// Makes the schema; the tables are ``migrate()``'s business.
    ///
    /// - Throws: ``TaskRun/StoreError/Code/database`` where this user may not make one.
    public func make(_ scratch: ScratchSchema) async throws(StoreError) {
        let doing = "make the schema \(scratch.name)"
        do {
            try await main.run { session throws(PostgreSQLFailure) in
                try session.execute(BuiltSQL.make(scratch), within: .seconds(15))
            }
        } catch {
            guard error.state == "42501" else { throw error.storeError(subject: subject(doing)) }
            throw StoreError(
                .database,
                subject: subject(doing),
                cause: "\(error.message) (SQLSTATE 42501)",
                advice:
                    "As the database's owner: GRANT CREATE ON DATABASE name TO user. Or measure in another database."
            )
        }
    }

    /// Removes the schema with all that is in it; one that is not there is no error.
    ///
    /// - Throws: What the database reports.
    public func remove(_ scratch: ScratchSchema) async throws(StoreError) {
        try await reach(to: "remove the schema \(scratch.name)") { session throws(PostgreSQLFailure) in
            try session.exchange([.begin, SessionSettings.patience], within: SessionSettings.maintenanceLimit)
            try session.execute(BuiltSQL.remove(scratch), within: SessionSettings.maintenanceLimit)
            try session.exchange([.commit])
        }
    }

    /// The schemas of other measurements: under way, or left behind by one that was killed.
    ///
    /// - Throws: What the database reports.
    public func scratchSchemas() async throws(StoreError) -> [String] {
        let request = Request(DeskSQL.scratchSchemas, [ScratchSchema.prefix])
        return try await reach(to: "list the schemas") { session throws(PostgreSQLFailure) in
            try session.rows(of: request).map { $0.text("nspname") }
        }
    }

    /// What a measurement depends on, in PostgreSQL's words: `15.18`, `on`, `on`.
    ///
    /// - Throws: What the database reports.
    public func conditions() async throws(StoreError) -> (version: String, synchronousCommit: String, fsync: String) {
        try await reach(to: "read the settings") { session throws(PostgreSQLFailure) in
            let row = try session.rows(of: Request(DeskSQL.serverConditions)).only
            // Packagers add their own words behind the number.
            let version = row.text("version").prefix { $0 != " " }
            return (String(version), row.text("synchronous_commit"), row.text("fsync"))
        }
    }
}

extension PostgreSQLStore {
    /// Which rows a claim of plain tasks asks for, as SQL: those of the index `tasks_due`.
    public static var plainRows: String { ClaimSQL.fromLane.block("plain_rows") }
}
