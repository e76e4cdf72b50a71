import CPostgreSQL
import Platform
import TaskRun

/// What stands between this program and the server.
struct Pooler: Sendable, Equatable {
    /// For how long a client has a connection to the server.
    enum Mode: Sendable { case session, transaction, unknown }

    let mode: Mode
    /// `PgBouncer 1.18.0`, or less where it does not tell.
    let name: String
}

extension PostgreSQLSession {
    /// What stands in between; nil: nothing.
    func pooler() -> Pooler? {
        link == .direct ? nil : Pooler(mode: poolerMode(), name: Pooler.name(at: address))
    }

    /// Looks whether another client gets the connection to the server that this one has had a moment ago.
    ///
    /// Told by the numbers of the server's processes: nothing is left in a session.
    func poolerMode() -> Pooler.Mode {
        guard let other = try? PostgreSQLSession.open(address, setUp: .none) else { return .unknown }
        do throws(PostgreSQLFailure) {
            for _ in 1...3 {
                let own = try processNumber()
                let look = [.begin, Request(SessionSQL.processNumber)]
                let taken = try other.exchange(look, within: .seconds(2))[SessionSQL.processNumber].only.integer("pid")
                // While the other holds that one, this client has to get it again, if it is its own.
                let again = try processNumber()
                try other.exchange([.rollback], within: .seconds(2))
                if own == taken || own != again { return .transaction }
            }
            return .session
        } catch {
            return .unknown
        }
    }

    private func processNumber() throws(PostgreSQLFailure) -> Int64 {
        try rows(of: Request(SessionSQL.processNumber), within: .seconds(2)).only.integer("pid")
    }

    /// Whether messages of other sessions come here: one is sent by another client, on a channel that nobody else listens to.
    func hearsOthers() throws(PostgreSQLFailure) -> Bool {
        guard link == .pooled else { return true }
        // Where the session is other programs' too, to listen would leave something behind.
        guard poolerMode() == .session else { return false }
        let channel = "taskrun_check_\(UInt64.random(in: 0 ... .max))"
        let other = try PostgreSQLSession.open(address, setUp: .none)
        try execute(BuiltSQL.listen(to: channel), within: .seconds(15))
        try other.execute(BuiltSQL.notify(channel), within: .seconds(15))
        let answer = try waitForMessage(until: .now + .seconds(5), try Bell.opened())
        try execute(BuiltSQL.unlisten(channel), within: .seconds(15))
        if case .ready = answer { return true }
        return false
    }
}

extension Pooler {
    /// Asks for the version at PgBouncer's console, a database of its own; where that is not for this user, PgBouncer says so in another
    /// way than a server without such a database.
    fileprivate static func name(at address: PostgreSQLAddress) -> String {
        let place = [(keyword: "dbname", value: "pgbouncer"), ("target_session_attrs", "any")]
        let parameters = (address.parametersWithoutOptions ?? address.parameters) + place
        if let console = try? PostgreSQLSession.connect(address, parameters, .none) {
            return (try? console.text(of: BuiltSQL.poolerVersion)) ?? "PgBouncer"
        }
        return ConnectionRefusal.askAgain(parameters) == .refused("08P01") ? "PgBouncer" : "a connection pooler"
    }
}
