import TaskRun
import Text

extension HorizonHolder {
    /// `kind`, `name`, `pid`, `role`, `application`, `client`, `state`, `since`, `age_seconds`.
    var json: JSONValue {
        let age: [(key: String, value: JSONValue)] = [
            ("since", .text(hold.map { MomentText.iso($0.start) })),
            ("age_seconds", hold.map { .seconds($0.age) } ?? .null),
        ]
        let (word, name, state, session): (String, String?, String?, Session?) =
            switch kind {
            case .session(let session): ("session", nil, session.state, session)
            case .preparedTransaction(let name): ("prepared_transaction", name, nil, nil)
            case .replicationSlot(let name, let isInUse):
                ("replication_slot", name, isInUse ? "active" : "inactive", nil)
            }
        return .object(
            [
                ("kind", .text(word)), ("name", .text(name)), ("pid", .number(session.map { Int($0.processID) })),
                ("role", .text(session?.role)), ("application", .text(session?.application)),
                ("client", .text(session?.client)), ("state", .text(state)),
            ] + age
        )
    }
}
