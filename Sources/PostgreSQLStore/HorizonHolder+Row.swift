import Platform
import TaskRun

extension HorizonHolder {
    /// Reads a row of ``CheckSQL/horizonHolder``.
    init(_ row: PostgreSQLResult.Row) {
        let kind: Kind =
            switch row.text("kind") {
            case "prepared": .preparedTransaction(name: row.text("name"))
            case "slot": .replicationSlot(name: row.text("name"), isInUse: row.textIfAny("state") != nil)
            default:
                .session(
                    Session(
                        processID: row.integerIfAny("name") ?? 0,
                        role: row.textIfAny("role"),
                        application: row.textIfAny("application"),
                        client: row.textIfAny("client"),
                        state: row.textIfAny("state")
                    )
                )
            }
        let age = row.integerIfAny("age").map { Duration.microseconds(max($0, 0)) }
        let start = row.integerIfAny("began_at").map { Date(timeIntervalSince1970: Double($0) / 1_000_000) }
        self.init(
            kind,
            hold: start.flatMap { start in age.map { Hold(start: start, age: $0) } },
            remedy: kind.remedy
        )
    }
}

extension HorizonHolder.Kind {
    /// How it is ended.
    var remedy: String {
        switch self {
        case .session(let session): "End it: SELECT pg_terminate_backend(\(session.processID))"
        case .preparedTransaction(let name): "End it: ROLLBACK PREPARED \(quoted(name)), or COMMIT PREPARED"
        case .replicationSlot(let name, true):
            "Look for long transactions on the standby that uses it, or drop it: \(drop(name))"
        case .replicationSlot(let name, false):
            "Start the standby that it is for; if that is gone, drop it: \(drop(name))"
        }
    }

    private func drop(_ name: String) -> String { "SELECT pg_drop_replication_slot(\(quoted(name)))" }

    private func quoted(_ name: String) -> String {
        "'\(name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    }
}
