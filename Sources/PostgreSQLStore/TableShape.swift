/// What the server says about one of taskrun's tables, and whether the store's statements would read it rightly.
///
/// Statements say ONLY: what a child of a table holds is none of taskrun's business, and a place (`ctid`) is unique within one
/// table only. A partitioned table is nothing but children.
struct TableShape: Sendable, Equatable {
    /// Why a table cannot be worked with, and the way out.
    struct Trouble: Sendable, Equatable {
        let cause: String
        let advice: String
    }

    let name: String
    /// As in `pg_class.relkind`.
    let kind: String
    /// The tables that inherit from it; nil: none.
    let children: String?
    /// The types by column.
    let columns: [String: String]
    /// What row-level security lets this role see; nil: it does not hold for this role.
    var sight: RowSight?
    /// The statements that drop the rules which rewrite others; nil: there is none.
    var rules: String?
    /// Whether somebody else's triggers act once an UPDATE has ended.
    var hasTriggers = false

    /// The first trouble there is; nil: none.
    var trouble: Trouble? { kindTrouble ?? childTrouble ?? ruleTrouble ?? typeTrouble ?? sight?.trouble(of: name) }

    private var kindTrouble: Trouble? {
        let kinds = ["p": "a partitioned table", "v": "a view", "m": "a materialized view", "f": "a foreign table"]
        guard let found = kinds[kind] else { return nil }
        return Trouble(
            cause: "\(name) is \(found), and taskrun works with a plain table only",
            advice: """
                Rename it, make a plain one with its name, columns, constraints and indexes (taskrun migrate --print shows them), \
                and copy the rows.
                """
        )
    }

    private var childTrouble: Trouble? {
        guard let children else { return nil }
        return Trouble(
            cause: "the table \(name) has tables that inherit from it: \(children)",
            advice: """
                What is in them would be counted as tasks by some, and performed by nobody. \
                Run for each of them: ALTER TABLE … NO INHERIT \(name)
                """
        )
    }

    private var ruleTrouble: Trouble? {
        guard let rules else { return nil }
        return Trouble(
            cause: "the table \(name) has rules, which rewrite taskrun's statements",
            advice: "Run: \(rules); a trigger can do what they were for."
        )
    }

    private var typeTrouble: Trouble? {
        guard let expected = Self.expected[name] else { return nil }
        for (column, kind) in expected.sorted(by: { $0.key < $1.key }) {
            guard let type = columns[column], !kind.types.contains(type) else { continue }
            return Trouble(
                cause: "\(name).\(column) has the type \(type), and taskrun needs \(kind.types[0])",
                advice: """
                    Run: ALTER TABLE \(name) ALTER COLUMN \(column) TYPE \(kind.types[0]) USING \(column)::\(kind.cast)
                    """
            )
        }
        return nil
    }
}

extension TableShape {
    /// Types that the statements read alike; the first is the one that taskrun makes.
    private enum Kind {
        case number, text, moment, json

        var types: [String] {
            switch self {
            case .number: ["bigint", "integer", "smallint"]
            case .text: ["text", "character varying"]
            case .moment: ["timestamp with time zone"]
            case .json: ["json"]
            }
        }

        /// What leads to it from most other types.
        var cast: String { self == .json ? "text::json" : types[0] }
    }

    /// The tables that are looked at, and the columns that are read.
    private static let expected: [String: [String: Kind]] = [
        "tasks": columns(
            numbers: [
                "id", "priority", "attempts", "max_attempts", "timeout_seconds", "claim_no", "crashes", "lock_place",
                "progress_done", "progress_total",
            ],
            texts: [
                "task_name", "status", "queue", "lease_owner", "last_error", "dedupe_key", "lock_key", "token",
                "progress_note", "batch", "after_batch",
            ],
            moments: ["created_at", "run_at", "lease_expires_at", "expires_at", "cancel_requested_at"]
        ).merging(["data": .json]) { $1 },
        "task_results": columns(
            numbers: ["task_id", "result_size", "progress_done", "progress_total"],
            texts: ["token", "task_name", "state", "result", "error", "progress_note", "data_hash"],
            moments: ["created_at", "started_at", "finished_at", "expires_at"]
        ),
        "task_queues": columns(
            texts: ["queue", "paused_why", "paused_by"],
            moments: ["paused_until", "paused_at"]
        ),
        "task_limits": columns(
            numbers: ["max_running", "max_per_minute", "begun"],
            texts: ["kind", "name"],
            moments: ["minute_began"]
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
