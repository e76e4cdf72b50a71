import CPostgreSQL
import Platform
import TaskRun

/// A pooler between this program and the server.
struct Pooler: Sendable, Equatable {
    /// How long a client keeps its connection to the server.
    enum Mode: Sendable { case session, transaction, unknown }

    let mode: Mode
    /// `PgBouncer 1.18.0`, or less if it does not say.
    let name: String
}

extension PostgreSQLSession {
    /// The pooler between this program and the server, or nil if there is none.
    func pooler() -> Pooler? {
        link == .direct ? nil : Pooler(mode: poolerMode(), name: Pooler.name(at: address))
    }

    /// Finds out whether another client gets the server connection that this client has just had.
    ///
    /// It compares the numbers of the server's processes, and so leaves nothing in a session.
    func poolerMode() -> Pooler.Mode {
        guard let other = try? PostgreSQLSession.open(address, setUp: .none) else { return .unknown }
        do throws(PostgreSQLFailure) {
            for _ in 1...3 {
                let own = try processNumber()
                let look = [.begin, Request(SessionSQL.processNumber)]
                let taken = try other.exchange(look, within: .seconds(2))[SessionSQL.processNumber].only.integer("pid")
                // While the other client holds that connection, this one must get it again if it is its own.
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

    /// Whether notifications of other sessions arrive: another client sends one, on a channel that no one else listens
    /// to.
    func receivesNotifications() throws(PostgreSQLFailure) -> Bool {
        guard link == .pooled else { return true }
        // If other programs share the session, listening would leave something behind.
        guard poolerMode() == .session else { return false }
        let channel = "taskrun_check_\(UInt64.random(in: 0 ... .max))"
        let other = try PostgreSQLSession.open(address, setUp: .none)
        try execute(BuiltSQL.listen(to: channel), within: .seconds(15))
        try other.execute(BuiltSQL.notify(channel), within: .seconds(15))
        let answer = try waitForMessage(until: .now + .seconds(5), try WakeUp.opened())
        try execute(BuiltSQL.unlisten(channel), within: .seconds(15))
        if case .ready = answer { return true }
        return false
    }
}

extension Pooler {
    /// Asks PgBouncer's console for the version; the console is a database of its own.
    ///
    /// If this user may not use it, PgBouncer's refusal differs from that of a server without such a database.
    fileprivate static func name(at address: PostgreSQLAddress) -> String {
        let place = [(keyword: "dbname", value: "pgbouncer"), ("target_session_attrs", "any")]
        let parameters = (address.parametersWithoutOptions ?? address.parameters) + place
        if let console = try? PostgreSQLSession.connect(address, parameters, .none) {
            return (try? console.text(of: BuiltSQL.poolerVersion)) ?? "PgBouncer"
        }
        return ConnectionRefusal.askAgain(parameters) == .refused("08P01") ? "PgBouncer" : "a connection pooler"
    }
}
