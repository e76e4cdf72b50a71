import TaskRun

/// What the server reports about one of taskrun's tables, and whether the store's statements would read it correctly.
///
/// The statements say ONLY: rows of a child table are not taskrun's, and a row's `ctid` is unique within one table
/// only. A partitioned table has nothing but children.
struct TableShape: Sendable, Equatable {
    /// Why the store cannot work with a table, and what to do.
    struct Trouble: Sendable, Equatable {
        let cause: String
        let advice: String
    }

    let name: String
    /// As in `pg_class.relkind`.
    let kind: String
    /// The tables that inherit from it, or nil if there are none.
    let children: String?
    /// The types by column.
    let columns: [String: String]
    /// The rows that row-level security shows this role, or nil if it does not apply to this role.
    var sight: RowSight?
    /// The statements that drop the rules that rewrite other statements, or nil if there are no rules.
    var rules: String?
    /// Whether triggers of another program act after an UPDATE.
    var hasTriggers = false

    /// The first trouble, or nil if there is none.
    var trouble: Trouble? { kindTrouble ?? childTrouble ?? ruleTrouble ?? typeTrouble ?? sight?.trouble(of: name) }

    private var kindTrouble: Trouble? {
        let kinds = ["p": "a partitioned table", "v": "a view", "m": "a materialized view", "f": "a foreign table"]
        guard let found = kinds[kind] else { return nil }
        return Trouble(
            cause: "\(name) is \(found), and taskrun works with a plain table only",
            advice: """
                Rename it, make a plain one with its name, columns, constraints and indexes (taskrun migrate --print \
                shows them), and copy the rows.
                """
        )
    }

    private var childTrouble: Trouble? {
        guard let children else { return nil }
        return Trouble(
            cause: "the table \(name) has tables that inherit from it: \(children)",
            advice: """
                Some commands would count their rows as tasks, and no run would perform them. \
                Run for each of them: ALTER TABLE … NO INHERIT \(name)
                """
        )
    }

    private var ruleTrouble: Trouble? {
        guard let rules else { return nil }
        let cause = "the table \(name) has rules, which rewrite taskrun's statements"
        return Trouble(cause: cause, advice: "Run: \(rules). Use a trigger instead of a rule.")
    }

    private var typeTrouble: Trouble? {
        guard let expected = Self.expected[name] else { return nil }
        for (column, kind) in expected.sorted(by: { $0.key < $1.key }) {
            guard let type = columns[column], !kind.types.contains(type) else { continue }
            let cause = "\(name).\(column) has the type \(type), and taskrun needs \(kind.types[0])"
            let change = "ALTER COLUMN \(column) TYPE \(kind.types[0]) USING \(column)::\(kind.cast)"
            return Trouble(cause: cause, advice: "Run: ALTER TABLE \(name) \(change)")
        }
        return nil
    }
}

extension TableShape {
    /// Types that the statements read alike; taskrun makes the first one.
    private enum Kind {
        case number, text, moment, json

        /// The kind of a column that new tasks set.
        init(_ kind: TaskColumn.Kind) {
            switch kind {
            case .text: self = .text
            case .json: self = .json
            case .integer: self = .number
            case .moment, .duration: self = .moment
            }
        }

        var types: [String] {
            switch self {
            case .number: ["bigint", "integer", "smallint"]
            case .text: ["text", "character varying"]
            case .moment: ["timestamp with time zone"]
            case .json: ["json"]
            }
        }

        /// The cast to it from most other types.
        var cast: String { self == .json ? "text::json" : types[0] }
    }

    /// The tables that are looked at, and the columns that are read.
    private static let expected: [String: [String: Kind]] = [
        "tasks": columns(
            numbers: ["id", "attempts", "claim_no", "crashes", "lock_place", "progress_done", "progress_total"],
            texts: ["status", "lease_owner", "last_error", "progress_note"],
            moments: ["created_at", "lease_expires_at", "cancel_requested_at", "failed_at"]
        ).merging(TaskColumn.targets.map { ($0.rawValue, Kind($0.kind)) }) { $1 },
        "task_results": columns(
            numbers: ["task_id", "result_size", "progress_done", "progress_total"],
            texts: ["token", "task_name", "state", "result", "error", "progress_note", "data_hash"],
            moments: ["created_at", "started_at", "finished_at", "expires_at"]
        ),
        "task_queues": columns(texts: ["queue", "paused_why", "paused_by"], moments: ["paused_until", "paused_at"]),
        "task_limits": columns(
            numbers: ["max_running", "max_per_minute", "begun"],
            texts: ["kind", "name"],
            moments: ["minute_began"]
        ),
        "task_runs": columns(
            numbers: [
                "id", "pid", "slots", "exit_status", "runs", "claimed", "succeeded", "retried", "failed", "released",
                "recovered", "leases_lost",
            ],
            texts: ["run", "origin", "host", "user_name", "command", "version", "error"],
            moments: ["began_at", "seen_at", "ended_at"]
        ),
        "task_reports": columns(texts: ["task_name"], moments: ["reported_at"]),
        "task_measures": columns(
            numbers: [
                "succeeded", "failed", "retried", "recovered", "leases_lost", "run_microseconds",
                "longest_run_microseconds", "wait_microseconds", "longest_wait_microseconds",
            ],
            texts: ["task_name", "queue", "host"],
            moments: ["minute"]
        ),
        "task_totals": columns(
            numbers: [
                "succeeded", "failed", "retried", "recovered", "leases_lost", "run_microseconds",
                "longest_run_microseconds", "wait_microseconds", "longest_wait_microseconds",
            ],
            texts: ["task_name", "queue"],
            moments: ["counted_at"]
        ),
        "task_batches": columns(numbers: ["complete", "cancelled"], texts: ["batch"]),
        "task_migrations": columns(numbers: ["version", "least_version"], texts: ["checksum"]),
    ]

    private static func columns(
        numbers: [String] = [],
        texts: [String] = [],
        moments: [String] = []
    ) -> [String: Kind] {
        let all = numbers.map { ($0, Kind.number) } + texts.map { ($0, .text) } + moments.map { ($0, .moment) }
        return Dictionary(all) { $1 }
    }
}
