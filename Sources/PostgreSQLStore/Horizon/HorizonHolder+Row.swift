import Platform

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
            kind: kind,
            hold: start.flatMap { start in age.map { Hold(start: start, age: $0) } }
        )
    }
}
