import TaskRun

/// What stands around the tables for `taskrun check`: rights, keys of other tables, triggers, rules, the sequence, and the tables' own shape.
struct TableFacts: Sendable {
    /// A right that this role lacks: of which table, and which one.
    struct Missing: Sendable, Equatable {
        let table: String
        let right: String
    }

    /// A foreign key of another table that keeps a task's row.
    struct Keeper: Sendable, Equatable {
        let table: String
        let name: String
    }

    /// A trigger or a rule that is not taskrun's.
    struct Trigger: Sendable, Equatable {
        let table: String
        /// `trigger audit`, `rule audit`.
        let name: String
        /// `BEFORE INSERT OR UPDATE`.
        let events: String
    }

    var role = ""
    var missing: [Missing] = []
    /// Whether the language of the migrations is there, and may be used.
    var mayMigrate = true
    var keepers: [Keeper] = []
    var triggers: [Trigger] = []
    /// The name of the sequence of `tasks.id`, its next number and the greatest id, where it is behind that.
    var sequence: (name: String, next: Int64, greatest: Int64)?
    var sight: RowSight?
    /// What the tables lack, or have otherwise, beside those that taskrun makes; nil: that could not be compared.
    var drift: [String]?
    /// What the tables have beside that, and may refuse rows for.
    var additions: [String] = []
    /// Why it could not.
    var driftTrouble: String?

    /// Judges the facts.
    var findings: [Finding] {
        [rights, rowSecurity, foreignKeys, triggersAndRules, numbers, shape, more].flatMap(\.self)
    }

    private var rights: [Finding] {
        let needed = missing.filter { $0.right != "USAGE" }
        let adding = missing.filter { $0.right == "USAGE" }
        var findings: [Finding] = []
        if needed.isEmpty {
            findings.append(Finding(.ok, "rights", "\(role) may do all that a run does"))
        } else {
            let tables = Dictionary(grouping: needed, by: \.table).sorted { $0.key < $1.key }
            let found = tables.map { "\($0.value.map(\.right).joined(separator: ", ")) on \($0.key)" }.joined(
                separator: "; "
            )
            let grants = tables.map {
                "GRANT \($0.value.map(\.right).joined(separator: ", ")) ON \($0.key) TO \"\(role)\""
            }
            findings.append(
                Finding(
                    .error,
                    "rights",
                    "the role \(role) lacks \(found)",
                    advice: "Run as the tables' owner: \(grants.joined(separator: "; "))"
                )
            )
        }
        if !mayMigrate {
            findings.append(
                Finding(
                    .warning,
                    "rights",
                    "the role \(role) may not use the language plpgsql: taskrun migrate needs it, runs do not",
                    advice:
                        "Run as a superuser: CREATE EXTENSION IF NOT EXISTS plpgsql; GRANT USAGE ON LANGUAGE plpgsql TO \"\(role)\""
                )
            )
        }
        return findings
            + adding.map {
                Finding(
                    .warning,
                    "rights",
                    "the role \(role) lacks USAGE on the sequence \($0.table): taskrun add - needs it, runs do not",
                    advice: "Run as the tables' owner: GRANT USAGE ON SEQUENCE \($0.table) TO \"\(role)\""
                )
            }
    }

    private var rowSecurity: [Finding] {
        guard let sight, sight.kind == .some else { return [] }
        return [
            Finding(
                .warning,
                "row security",
                "policies may hide tasks from the role \(sight.role): what is hidden is neither performed nor counted",
                advice: sight.advice("tasks")
            )
        ]
    }

    private var foreignKeys: [Finding] {
        guard !keepers.isEmpty else { return [] }
        let found = keepers.map { "\($0.name) of \($0.table)" }.joined(separator: ", ")
        return [
            Finding(
                .warning,
                "foreign keys",
                "the rows of tasks that are done cannot be deleted while other rows refer to them: \(found)",
                advice: "Make such a key anew with ON DELETE SET NULL or ON DELETE CASCADE, or drop it."
            )
        ]
    }

    private var triggersAndRules: [Finding] {
        guard !triggers.isEmpty else { return [] }
        let found = triggers.map { "\($0.name) on \($0.table) (\($0.events))" }.joined(separator: ", ")
        return [
            Finding(
                .warning,
                "triggers",
                "not taskrun's, at work whenever it writes: \(found)",
                advice: "See that they neither refuse nor change what is written, and are fast; else drop them."
            )
        ]
    }

    private var numbers: [Finding] {
        guard let sequence else { return [] }
        return [
            Finding(
                .error,
                "sequence",
                "the next id is \(sequence.next), and the table has ids up to \(sequence.greatest): INSERTs fail, as after a restore",
                advice:
                    "Run: SELECT setval('\(sequence.name)', (SELECT max(id) FROM ONLY tasks WHERE id <= 4611686018427387904))"
            )
        ]
    }

    private var more: [Finding] {
        guard !additions.isEmpty else { return [] }
        let found = additions.prefix(5).joined(separator: "; ") + (additions.count > 5 ? "; …" : "")
        return [
            Finding(
                .warning,
                "additions",
                "not taskrun's, and may refuse rows: \(found)",
                advice: "See that tasks can be added, claimed and ended with them; else drop them."
            )
        ]
    }

    private var shape: [Finding] {
        guard let drift else {
            return driftTrouble.map {
                [Finding(.warning, "columns", "could not be compared with those that taskrun makes: \($0)")]
            } ?? []
        }
        guard !drift.isEmpty else {
            return [Finding(.ok, "columns", "as taskrun makes them, indexes and constraints too")]
        }
        let most = 5
        let more = drift.count > most ? ", and \(drift.count - most) more" : ""
        return [
            Finding(
                .error,
                "columns",
                "not as taskrun makes them: \(drift.prefix(most).joined(separator: "; "))\(more)",
                advice: "Put back what was changed: taskrun migrate --print shows how it is made."
            )
        ]
    }
}
