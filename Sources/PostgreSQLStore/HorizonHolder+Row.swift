import Platform
import TaskRun

extension HorizonHolder {
    /// Reads a row of ``HorizonSQL/holder``.
    init(_ row: PostgreSQLResult.Row) {
        let kind: Kind =
            switch row.text(0) {
            case "prepared": .preparedTransaction(name: row.text(1))
            case "slot": .replicationSlot(name: row.text(1), isInUse: row.textIfAny(5) != nil)
            default:
                .session(
                    Session(
                        processID: row.integerIfAny(1) ?? 0,
                        role: row.textIfAny(2),
                        application: row.textIfAny(3),
                        client: row.textIfAny(4),
                        state: row.textIfAny(5)
                    )
                )
            }
        let age = row.integerIfAny(7).map { Duration.microseconds(max($0, 0)) }
        let start = row.integerIfAny(6).map { Date(timeIntervalSince1970: Double($0) / 1_000_000) }
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
