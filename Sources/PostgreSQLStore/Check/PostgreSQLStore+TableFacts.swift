import Migrations
import TaskRun

extension PostgreSQLStore {
    /// What stands around the tables; nothing is changed.
    ///
    /// - Parameter mayWrite: Whether tables can be made for comparison, in a transaction that is undone.
    /// - Returns: What there is.
    /// - Throws: What the database reports.
    func tableFacts(mayWrite: Bool) async throws(StoreError) -> TableFacts {
        let (made, trouble) = mayWrite ? await freshMakeup() : (nil, nil)
        let names = made.map { Set($0.parts.map(\.table)) } ?? Self.usualTables
        let tables = SQLText.array(names.sorted().map(Optional.some))
        var facts = try await reach(to: "look at the tables' surroundings") { session throws(PostgreSQLFailure) in
            let limit = SessionSettings.maintenanceLimit
            let asked = [
                Request(CheckSQL.rights, [tables]), Request(CheckSQL.keepers),
                Request(CheckSQL.triggers, [tables]), Request(CheckSQL.shape, [tables]),
                Request(CheckSQL.language),
            ]
            let answers = try session.exchange(
                [.begin, SessionSettings.maintenance] + asked + [.commit],
                within: limit
            )
            .dropFirst(2).map(\.rows)
            var facts = TableFacts()
            facts.role = answers[0].first?.text(0) ?? ""
            facts.missing = answers[0].compactMap { row in
                row.textIfAny(1).flatMap { table in row.textIfAny(2).map { TableFacts.Missing(table: table, right: $0) }
                }
            }
            facts.keepers = answers[1].map { TableFacts.Keeper(table: $0.text(0), name: $0.text(1)) }
            facts.triggers = answers[2].map {
                TableFacts.Trigger(table: $0.text(0), name: $0.text(1), events: $0.text(2))
            }
            let own = TableMakeup(answers[3])
            facts.drift = made.map { own.drift(from: $0) }
            facts.additions = made.map { own.additions(to: $0) } ?? []
            facts.mayMigrate = answers[4].first?.bool(0) ?? false
            return facts
        }
        facts.driftTrouble = trouble
        facts.sight = try await sight()
        try await lookAtSequence(&facts)
        return facts
    }

    /// Taskrun's tables, where they could not be made for comparison.
    private static let usualTables: Set<String> = [
        "tasks", "task_results", "task_queues", "task_limits", "task_batches", "task_stuck", "task_cancels",
        "task_salt",
        "task_migrations",
    ]

    /// Looks whether the sequence of the ids is behind them, and may be used.
    ///
    /// A role that may not read the tasks hears of that elsewhere.
    private func lookAtSequence(_ facts: inout TableFacts) async throws(StoreError) {
        let row: (name: String, mayUse: Bool, next: Int64?, greatest: Int64?)?
        do throws(StoreError) {
            row = try await reach(to: "look at the sequence") { session throws(PostgreSQLFailure) in
                try session.exchange([Request(CheckSQL.sequence)])[0].rows.first.map { row in
                    (row.text(0), row.bool(1), row.integerIfAny(2), row.integerIfAny(3))
                }
            }
        } catch {
            guard [.database, .refused].contains(error.code) else { throw error }
            row = nil
        }
        guard let row else { return }
        if !row.mayUse { facts.missing.append(TableFacts.Missing(table: row.name, right: "USAGE")) }
        if let next = row.next, let greatest = row.greatest, next <= greatest {
            facts.sequence = (row.name, next, greatest)
        }
    }

    /// What the tables are made of where this program makes them: as temporary ones, in a transaction that is undone.
    ///
    /// - Returns: It, or why they could not be made.
    private func freshMakeup() async -> (TableMakeup?, trouble: String?) {
        do {
            let makeup = try await reach(to: "make tables for comparison") { session throws(PostgreSQLFailure) in
                let limit = SessionSettings.maintenanceLimit
                try session.exchange(
                    [.begin, SessionSettings.maintenance, Request(CheckSQL.scratch)],
                    within: limit
                )
                for step in Migration.all(for: .postgresql) { try session.execute(step.statements, within: limit) }
                let names = try session.exchange([Request(CheckSQL.tables)])[0].rows.map { $0.text(0) }
                let tables = SQLText.array(names.map(Optional.some))
                let rows = try session.exchange([Request(CheckSQL.shape, [tables])], within: limit)[0].rows
                let makeup = TableMakeup(rows)
                try session.exchange([.rollback])
                return makeup
            }
            return (makeup, nil)
        } catch {
            return (nil, error.cause)
        }
    }
}

extension TableMakeup {
    /// Reads the rows of ``CheckSQL/shape``.
    fileprivate init(_ rows: some Sequence<PostgreSQLResult.Row>) {
        parts = rows.map { Part(place: $0.text(0), table: $0.text(1), text: $0.text(2)) }
    }
}
