import Migrations
import TaskRun
import Text

/// Looks at the tables and what surrounds them, for `taskrun check`; it changes nothing.
struct TableCheck: Sendable {
    let store: PostgreSQLStore

    /// The facts; `mayWrite` says whether tables may be created for comparison, in a transaction that is undone.
    func facts(mayWrite: Bool) async throws(StoreError) -> TableFacts {
        let (made, trouble) = mayWrite ? await freshMakeup() : (nil, nil)
        let names = made.map { Set($0.parts.map(\.table)) } ?? Self.usualTables
        let tables = SQLText.array(names.sorted().map(Optional.some))
        var facts = try await store.reach(to: "look at the rights, keys and triggers of the tables") { session in
            let looks = [
                Request(CheckSQL.rights, [tables]), Request(CheckSQL.keepers), Request(CheckSQL.triggers, [tables]),
                Request(CheckSQL.shape, [tables]), Request(CheckSQL.language),
            ]
            let answers = try session.exchange(
                [.begin, SessionSettings.maintenance] + looks + [.commit],
                within: SessionSettings.maintenanceLimit
            )
            var facts = TableFacts()
            facts.role = answers[CheckSQL.rights].first?.text("role") ?? ""
            facts.missing = answers[CheckSQL.rights].compactMap { row in
                guard let table = row.textIfAny("table_name"), let right = row.textIfAny("missing") else { return nil }
                return TableFacts.Missing(table: table, right: right)
            }
            facts.keys = answers[CheckSQL.keepers].map {
                TableFacts.ForeignKey(
                    table: $0.text("table_name"),
                    name: $0.text("conname"),
                    columns: $0.text("columns"),
                    isKeeping: $0.bool("keeps") || $0.bool("is_null_refused"),
                    isNullRefused: $0.bool("is_null_refused"),
                    isSlow: $0.bool("is_slow")
                )
            }
            facts.triggers = answers[CheckSQL.triggers].map {
                TableFacts.Trigger(
                    table: $0.text("table_name"),
                    name: $0.text("name"),
                    events: $0.text("events"),
                    onDelete: $0.bool("is_on_delete") && $0.text("table_name") == "tasks"
                        ? .ofPostgreSQL($0.text("source"), isBeforeRow: $0.bool("is_before")) : .lets
                )
            }
            let own = TableMakeup(answers[CheckSQL.shape])
            facts.drift = made.map { own.drift(from: $0) }
            facts.additions = made.map { own.additions(to: $0) } ?? []
            facts.mayMigrate = answers[CheckSQL.language].first?.bool("may_use") ?? false
            return facts
        }
        facts.driftTrouble = trouble
        facts.sight = try await Schema(store: store).sight()
        try await lookAtSequence(&facts)
        return facts
    }

    /// Taskrun's tables, for when they cannot be created for comparison.
    private static let usualTables: Set<String> = [
        "tasks", "task_results", "task_queues", "task_limits", "task_batches", "task_stuck", "task_cancels",
        "task_runs", "task_reports", "task_measures", "task_totals",
        "task_salt", "task_migrations",
    ]

    /// Checks whether the sequence of the ids is behind them, and whether this role may use it.
    ///
    /// If this role may not read the tasks, another finding says so.
    private func lookAtSequence(_ facts: inout TableFacts) async throws(StoreError) {
        let row: (name: String, mayUse: Bool, next: Int64?, greatest: Int64?)?
        do throws(StoreError) {
            row = try await store.reach(to: "look at the sequence") { session in
                try session.rows(of: Request(CheckSQL.sequence)).first.map { row in
                    (row.text("name"), row.bool("may_use"), row.integerIfAny("next"), row.integerIfAny("greatest"))
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

    /// The parts of the tables as this program makes them, in a transaction that is undone, or why it could not.
    private func freshMakeup() async -> (TableMakeup?, trouble: String?) {
        do {
            let makeup = try await store.reach(to: "make tables for comparison") { session in
                let limit = SessionSettings.maintenanceLimit
                try session.exchange([.begin, SessionSettings.maintenance, Request(CheckSQL.scratch)], within: limit)
                for step in Migration.all(for: .postgresql) { try session.execute(step.statements, within: limit) }
                let names = try session.rows(of: Request(CheckSQL.tables)).map { $0.text("relname") }
                let tables = SQLText.array(names.map(Optional.some))
                let rows = try session.rows(of: Request(CheckSQL.shape, [tables]), within: limit)
                let made = TableMakeup(rows)
                try session.exchange([.rollback])
                return made
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
        parts = rows.compactMap { row in
            Part.Kind(rawValue: row.text("kind")).map { kind in
                Part(
                    kind: kind,
                    place: row.text("place"),
                    table: row.text("table_name"),
                    name: row.text("name"),
                    text: row.text("text"),
                    definition: row.text("definition").trimmed,
                    type: row.textIfAny("type") ?? "",
                    standard: row.textIfAny("standard"),
                    isNeeded: kind == .column && row.bool("is_needed"),
                    identity: row.textIfAny("identity")
                )
            }
        }
    }
}
