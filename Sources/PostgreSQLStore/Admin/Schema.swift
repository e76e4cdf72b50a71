import Migrations
import Synchronization
import TaskRun

/// Checks, creates and upgrades the tables.
struct Schema: Sendable {
    /// A migration may build an index on a table of any size.
    private static let migrationLimit: Duration = .seconds(6 * 3600)

    let store: PostgreSQLStore

    /// Checks that the tables are those this program knows.
    ///
    /// - Throws: ``TaskRun/StoreError/Code/schema`` for missing, older, newer, edited or foreign tables.
    func require() async throws(StoreError) {
        let doing = "use the tables"
        let found = try await store.reach(to: doing) { session in
            do throws(PostgreSQLFailure) {
                // This is usually enough, in one round trip. If the second table is missing, it fails.
                let answers = try session.exchange([Request(SchemaSQL.marks), Request(SchemaSQL.migrations)])
                let marks = answers[SchemaSQL.marks]
                let isMarked = marks.contains { $0.textIfAny("has_triggers") == "t" }
                let tables = isMarked ? try session.rows(of: Request(SchemaSQL.tables)) : marks
                return FoundSchema(tables, migrations: answers[SchemaSQL.migrations])
            } catch {
                guard ["42P01", PostgreSQLFailure.featureNotSupported].contains(error.state) else { throw error }
                return try FoundSchema.read(in: session)
            }
        }
        try await require(found, to: doing)
    }

    /// Checks the tables and looks at the tasks, in one round trip.
    ///
    /// - Returns: What it saw, or nil if the tables need a closer look first.
    /// - Throws: As ``require()``.
    func open(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look? {
        let doing = "use the tables"
        let look = TableLook.request(names, queues)
        let seen = try await store.reach(to: doing) { session -> (FoundSchema, TableLook)? in
            do throws(PostgreSQLFailure) {
                let answers = try session.exchange([Request(SchemaSQL.marks), Request(SchemaSQL.migrations), look])
                let marks = answers[SchemaSQL.marks]
                guard !marks.contains(where: { $0.textIfAny("has_triggers") == "t" }) else { return nil }
                let found = FoundSchema(marks, migrations: answers[SchemaSQL.migrations])
                return (found, try TableLook(answers))
            } catch {
                // The single steps find out what is wrong.
                guard !error.endsConnection else { throw error }
                return nil
            }
        }
        guard let (found, table) = seen else {
            try await require()
            return nil
        }
        try await require(found, to: doing)
        store.memory.lanes.withLock { $0.keep(seen: table, for: LaneMemory.Key(names: names, queues: queues)) }
        return table.look
    }

    /// Checks that the tables that were found are those this program knows.
    private func require(_ found: FoundSchema, to doing: String) async throws(StoreError) {
        store.memory.hasTriggers.withLock { $0 = found.hasTriggers }
        switch try await plan(found, doing: doing) {
        case .apply(_, from: 0):
            throw await TablePlaces(store: store).missingTables(found.name ?? "", doing)
        case .apply(let missing, from: let version):
            let newest = missing.last?.version ?? version
            let cause = "they are of version \(version), and this program needs \(newest)"
            throw store.schemaError(doing, cause, "Run taskrun migrate, with the same database.")
        case .upToDate, .refuse: try await requireSight(found.sight)
        }
    }

    /// The rows of `tasks` that row-level security shows this role, or nil if it does not apply to this role.
    func sight() async throws(StoreError) -> RowSight? {
        try await store.reach(to: "look at the policies") { session in
            FoundSchema(try session.rows(of: Request(SchemaSQL.tables)), migrations: nil).sight
        }
    }

    /// Creates or upgrades the tables, in one transaction.
    ///
    /// - Returns: The migrations that it ran, oldest first.
    /// - Throws: ``TaskRun/StoreError/Code/schema`` for tables that must be left alone; nothing is changed then.
    func migrate() async throws(StoreError) -> [SchemaVersion] {
        let doing = "migrate the tables"
        let (found, run) = try await TableChange(store: store).run(to: doing) { session throws(PostgreSQLFailure) in
            let opening = [.begin, Request(SchemaSQL.patience), Request(SchemaSQL.lock)]
            try session.exchange(opening, within: SessionSettings.maintenanceLimit)
            let found = try FoundSchema.read(in: session)
            // The caller judges everything else; the transaction is undone.
            guard found.name != nil, found.refusal == nil else { return (found, [Migration]()) }
            guard case .apply(let steps, _) = found.plan else {
                if case .upToDate = found.plan { try makeNamesAgain(in: session) }
                return (found, [])
            }
            for step in steps {
                try apply(step, in: session)
                try session.exchange([Request(SchemaSQL.record, [String(step.version), step.name, step.checksum])])
            }
            try session.exchange([.commit])
            return (found, steps)
        }
        _ = try await plan(found, doing: doing)
        return run.map { SchemaVersion(version: $0.version, name: $0.name, isApplied: true) }
    }

    /// Runs the statements of a migration.
    private func apply(_ step: Migration, in session: PostgreSQLSession) throws(PostgreSQLFailure) {
        do throws(PostgreSQLFailure) {
            try session.execute(step.statements, within: Self.migrationLimit)
        } catch {
            // Another kind of object, another role's function, or one that other objects need.
            guard step.version == Migration.names, let state = error.state, ["42809", "42501", "2BP01"].contains(state)
            else { throw error }
            let advice = """
                taskrun makes functions named task_is_plain, task_is_keyed, task_is_after_crash, task_payload_size and \
                task_rows. Rename or drop what has one of these names now, then run taskrun migrate again.
                """
            throw PostgreSQLFailure(.schema, state: state, message: error.message, advice: advice)
        }
    }

    /// Makes the functions that name rows again if one is missing, as after a copy of the tables alone.
    private func makeNamesAgain(in session: PostgreSQLSession) throws(PostgreSQLFailure) {
        guard !(try session.rows(of: Request(SchemaSQL.names)).only.bool("are_there")) else { return }
        for step in Migration.all(for: .postgresql) where step.version == Migration.names {
            try apply(step, in: session)
        }
        try session.exchange([.commit])
    }

    /// Every known version, oldest first, and which of them the database has.
    func versions() async throws(StoreError) -> [SchemaVersion] {
        let doing = "read the tables' version"
        let found = try await store.reach(to: doing) { try FoundSchema.read(in: $0) }
        let plan = try await plan(found, doing: doing)
        return Migration.all(for: .postgresql).map { step in
            var isApplied = true
            if case .apply(_, from: let version) = plan { isApplied = step.version <= version }
            return SchemaVersion(version: step.version, name: step.name, isApplied: isApplied)
        }
    }

    /// The migrations to run, or the error about tables that must be left alone.
    private func plan(_ found: FoundSchema, doing: String) async throws(StoreError) -> MigrationPlan {
        guard found.name != nil else {
            if let error = await TablePlaces(store: store).closedSchema(doing) { throw error }
            throw store.schemaError(
                doing,
                "search_path names no schema that exists",
                """
                Create the schema, or set another search_path for this user or in the URL \
                (options=-csearch_path%3Dname).
                """
            )
        }
        let plan = found.plan
        if case .refuse(let refusal) = plan { throw store.schemaError(doing, refusal.cause, refusal.advice) }
        if let trouble = found.refusal { throw store.schemaError(doing, trouble.cause, trouble.advice) }
        return plan
    }

    /// Warns once that policies may hide tasks.
    private func note(_ sight: RowSight?) {
        guard let sight, sight.kind == .some else { return store.isSightPartial.withLock { $0 = false } }
        let isNew = store.isSightPartial.withLock { isKnown in
            defer { isKnown = true }
            return !isKnown
        }
        let text =
            "\(store.location): row-level security may hide tasks from the role \(sight.role). \(sight.advice("tasks"))"
        if isNew { store.tell?(.warning(text)) }
    }

    /// Checks that the table is empty if policies show this role no row, as far as the server's estimate can tell.
    ///
    /// The estimate is public and not exact. A table without any visible row is rare where policies are meant to show
    /// some rows.
    private func requireSight(_ sight: RowSight?) async throws(StoreError) {
        note(sight)
        guard let sight, sight.kind == .some else { return }
        let row = try await store.reach(to: "look for tasks") { session in
            let row = try session.rows(of: Request(CheckSQL.unseen)).only
            return (isAnySeen: row.bool("any_seen"), count: row.integerIfAny("estimate") ?? 0)
        }
        guard !row.isAnySeen, row.count > 0 else { return }
        throw StoreError(
            .schema,
            subject: store.subject("use the tables"),
            cause: "row-level security shows the role \(sight.role) none of about \(row.count) tasks",
            advice: sight.advice("tasks")
        )
    }
}

extension PostgreSQLStore {
    /// The error about tables that this program cannot use.
    func schemaError(_ doing: String, _ cause: String, _ advice: String) -> StoreError {
        StoreError(.schema, subject: subject(doing), cause: cause, advice: advice)
    }
}
