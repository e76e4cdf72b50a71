import TaskRun

/// The surroundings of the tables, for `taskrun check`: rights, keys of other tables, triggers, rules, the sequence,
/// and the tables' own shape.
struct TableFacts: Sendable {
    /// A right on a table that this role lacks.
    struct Missing: Sendable, Equatable {
        let table: String
        let right: String
    }

    /// A foreign key of another table to tasks.
    struct ForeignKey: Sendable, Equatable {
        let table: String
        let name: String
        let columns: String
        /// Whether it keeps a row from being deleted.
        let isKeeping: Bool
        /// Whether it does so because it would set a column to null that must not be.
        let isNullRefused: Bool
        /// Whether no index helps to find its rows.
        let isSlow: Bool
    }

    /// A trigger or a rule that is not taskrun's.
    struct Trigger: Sendable, Equatable {
        let table: String
        /// `trigger audit`, `rule audit`.
        let name: String
        /// `BEFORE INSERT OR UPDATE`.
        let events: String
        /// What it does when a task is deleted.
        let onDelete: DeleteTrigger
    }

    var role = ""
    var missing: [Missing] = []
    /// Whether the language of the migrations exists and may be used.
    var mayMigrate = true
    var keys: [ForeignKey] = []
    var triggers: [Trigger] = []
    /// The name of the sequence of `tasks.id`, its next number and the greatest id, if the sequence is behind.
    var sequence: (name: String, next: Int64, greatest: Int64)?
    var sight: RowSight?
    /// How the tables differ from those that taskrun makes, or nil if they could not be compared.
    var drift: [TableMakeup.Difference]?
    /// What the tables have in addition and may refuse rows.
    var additions: [String] = []
    /// Why they could not be compared.
    var driftTrouble: String?

    var findings: [Finding] {
        [rights, rowSecurity, foreignKeys, triggersAndRules, numbers, shape, more].flatMap(\.self)
    }

    private var rights: [Finding] {
        let needed = Dictionary(grouping: missing.filter { $0.right != "USAGE" }, by: \.table)
            .sorted { $0.key < $1.key }
            .map { (table: $0.key, rights: $0.value.map(\.right).joined(separator: ", ")) }
        var findings: [Finding] = []
        if needed.isEmpty {
            findings.append(Finding(.ok, "rights", "\(role) may do all that a run does"))
        } else {
            let found = needed.map { "\($0.rights) on \($0.table)" }.joined(separator: "; ")
            let grants = needed.map { "GRANT \($0.rights) ON \($0.table) TO \"\(role)\"" }.joined(separator: "; ")
            let advice = "Run as the tables' owner: \(grants)"
            findings.append(Finding(.error, "rights", "the role \(role) lacks \(found)", advice: advice))
        }
        if !mayMigrate {
            let found = "the role \(role) may not use the language plpgsql: taskrun migrate needs it, runs do not"
            let grant = "CREATE EXTENSION IF NOT EXISTS plpgsql; GRANT USAGE ON LANGUAGE plpgsql TO \"\(role)\""
            findings.append(Finding(.warning, "rights", found, advice: "Run as a superuser: \(grant)"))
        }
        for sequence in missing.filter({ $0.right == "USAGE" }).map(\.table) {
            let found = "the role \(role) lacks USAGE on the sequence \(sequence): taskrun add - needs it, runs do not"
            let advice = "Run as the tables' owner: GRANT USAGE ON SEQUENCE \(sequence) TO \"\(role)\""
            findings.append(Finding(.warning, "rights", found, advice: advice))
        }
        return findings
    }

    private var rowSecurity: [Finding] {
        guard let sight, sight.kind == .some else { return [] }
        let found =
            "policies may hide tasks from the role \(sight.role): what is hidden is neither performed nor counted"
        return [Finding(.warning, "row security", found, advice: sight.advice("tasks"))]
    }

    private var foreignKeys: [Finding] {
        let keeping = keys.filter(\.isKeeping)
        let slow = keys.filter { $0.isSlow && !$0.isKeeping }
        let findings: [Finding?] = [
            .keepingKeys(keeping.map { "\($0.name) of \($0.table)" }, sql: keeping.flatMap(\.lettingGo)),
            .slowKeys(
                slow.map { "\($0.columns) of \($0.table)" },
                sql: slow.map { "CREATE INDEX ON \($0.table) (\($0.columns))" }
            ),
        ]
        return findings.compactMap(\.self)
    }

    private var triggersAndRules: [Finding] {
        let named = triggers.map { (name: "\($0.name) on \($0.table) (\($0.events))", onDelete: $0.onDelete) }
        return [Finding.triggers(named)].compactMap(\.self)
    }

    private var numbers: [Finding] {
        guard let (name, next, greatest) = sequence else { return [] }
        let found = "the next id is \(next), but the table has ids up to \(greatest), so INSERTs fail"
        let select = "SELECT setval('\(name)', (SELECT max(id) FROM ONLY tasks WHERE id <= 4611686018427387904))"
        return [Finding(.error, "sequence", found, advice: "Run: \(select)")]
    }

    private var more: [Finding] {
        guard !additions.isEmpty else { return [] }
        let found = additions.prefix(5).joined(separator: "; ") + (additions.count > 5 ? "; …" : "")
        let advice = "Make sure that tasks can be added, claimed and ended with them, or drop them."
        return [Finding(.warning, "additions", "not made by taskrun, and may refuse rows: \(found)", advice: advice)]
    }

    private var shape: [Finding] {
        guard let drift else {
            return driftTrouble.map {
                [Finding(.warning, "columns", "could not be compared with those that taskrun makes: \($0)")]
            } ?? []
        }
        let sql = drift.flatMap(\.sql)
        return [
            .drift(
                drift.map(\.found),
                sql: sql.isEmpty ? [] : ["BEGIN"] + sql + ["COMMIT"],
                how: "Run as the tables' owner, with psql (taskrun check --sql prints only this):"
            )
        ]
    }
}

extension TableFacts.ForeignKey {
    /// The statements that make it let go of tasks that are deleted.
    fileprivate var lettingGo: [String] {
        guard !isNullRefused else {
            return columns.split(separator: ", ").map { "ALTER TABLE \(table) ALTER COLUMN \($0) DROP NOT NULL" }
        }
        let key = "FOREIGN KEY (\(columns)) REFERENCES tasks ON DELETE SET NULL"
        return ["ALTER TABLE \(table) DROP CONSTRAINT \(name), ADD CONSTRAINT \(name) \(key)"]
    }
}
