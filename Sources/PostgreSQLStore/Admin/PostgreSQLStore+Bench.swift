public import TaskRun

extension PostgreSQLStore {
    /// Creates the schema; ``migrate()`` creates the tables in it.
    ///
    /// - Throws: ``TaskRun/StoreError/Code/database`` if this role may not create one.
    public func make(_ scratch: ScratchSchema) async throws(StoreError) {
        let doing = "make the schema \(scratch.name)"
        do {
            try await main.run { session throws(PostgreSQLFailure) in
                try session.execute(BuiltSQL.make(scratch), within: .seconds(15))
            }
        } catch {
            guard error.state == "42501" else { throw error.storeError(subject: subject(doing)) }
            let advice =
                "As the database's owner: GRANT CREATE ON DATABASE name TO user. Or measure in another database."
            let cause = "\(error.message) (SQLSTATE 42501)"
            throw StoreError(.database, subject: subject(doing), cause: cause, advice: advice)
        }
    }

    /// Removes the schema with everything in it; it is no error if there is none.
    public func remove(_ scratch: ScratchSchema) async throws(StoreError) {
        try await reach(to: "remove the schema \(scratch.name)") { session in
            try session.exchange([.begin, SessionSettings.patience], within: SessionSettings.maintenanceLimit)
            try session.execute(BuiltSQL.remove(scratch), within: SessionSettings.maintenanceLimit)
            try session.exchange([.commit])
        }
    }

    /// The schemas of other measurements, in progress or killed.
    public func scratchSchemas() async throws(StoreError) -> [String] {
        let request = Request(AdminSQL.scratchSchemas, [ScratchSchema.prefix])
        return try await reach(to: "list the schemas") { session in
            try session.rows(of: request).map { $0.text("nspname") }
        }
    }

    /// The settings that a measurement depends on, in PostgreSQL's words: `15.18`, `on`, `on`.
    public func conditions() async throws(StoreError) -> (version: String, synchronousCommit: String, fsync: String) {
        try await reach(to: "read the settings") { session in
            let row = try session.rows(of: Request(AdminSQL.serverConditions)).only
            // Packagers add words of their own after the number.
            let version = row.text("version").prefix { $0 != " " }
            return (String(version), row.text("synchronous_commit"), row.text("fsync"))
        }
    }
}
