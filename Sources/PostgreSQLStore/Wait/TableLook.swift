import TaskRun
import Text

/// What one statement sees of the tables: see `look.sql`.
struct TableLook: Sendable {
    let look: Look
    /// The lanes that have a due row, in the order of their first rows, or nil if other rows are due too, or more
    /// lanes.
    let lanes: [Lane]?

    /// Looks at the tasks of these names and queues.
    static func request(_ names: [String], _ queues: QueueFilter?) -> Request {
        let queues = queues?.forLanes()
        let limit = String(Look.nameLimit)
        return Request(WaitSQL.look, [SQLText.array(names), queues?.pattern, limit, queues?.list])
    }

    /// Looks at them on a session.
    static func read(
        _ names: [String],
        _ queues: QueueFilter?,
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Look {
        try TableLook(try session.exchange([request(names, queues)])).look
    }

    /// Reads the answer.
    ///
    /// - Throws: That the server takes no writes, so that nothing can be claimed.
    init(_ answers: Answers) throws(PostgreSQLFailure) {
        let rows = answers[WaitSQL.look]
        let row = rows.only
        guard !row.bool("is_read_only") else {
            let what = row.bool("is_standby") ? "the server is a standby" : "the server takes no writes"
            throw PostgreSQLFailure(state: "25006", message: what)
        }
        look = Look(
            holdsClaims: row.bool("any_claim"),
            isDue: row.bool("any_due"),
            hasLine: row.bool("any_behind"),
            hasBatch: row.bool("any_waits"),
            waitingNames: Self.texts(row.bytes("waiting_names")),
            holdsExpired: row.bool("any_expired"),
            hasLimits: row.bool("any_limit")
        )
        lanes = row.bool("is_plain") ? rows.filter { $0.textIfAny("task_name") != nil }.map { Lane($0) } : nil
    }

    /// The texts of a JSON array.
    private static func texts(_ json: [UInt8]) -> [String] {
        ((try? JSONScanner.elements(of: json)) ?? []).compactMap { JSONText.read($0[...]) }
    }
}
