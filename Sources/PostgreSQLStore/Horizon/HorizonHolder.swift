import Platform
import TaskRun
import Text

/// The holder of a PostgreSQL database's horizon: the one with the oldest snapshot.
///
/// The server cannot clean up rows that were deleted after that snapshot, by any program: the table grows.
struct HorizonHolder: Sendable, Equatable {
    /// A session with an open transaction.
    struct Session: Sendable, Equatable {
        /// The number of the server's process.
        let processID: Int64
        let role: String?
        /// The program's name for itself.
        let application: String?
        /// The address it comes from, or nil for a socket of the server's own machine.
        let client: String?
        /// Its state in the server's words: `idle in transaction`.
        let state: String?
    }

    /// The kinds of holders.
    enum Kind: Sendable, Equatable {
        /// An open transaction of a session.
        case session(Session)
        /// A transaction that was prepared, and neither committed nor rolled back since.
        case preparedTransaction(name: String)
        /// A replication slot; it is in use while a standby gets its changes through it.
        case replicationSlot(name: String, isInUse: Bool)
    }

    /// Since when and for how long, on the server's clock.
    struct Hold: Sendable, Equatable {
        /// When the transaction began, or was prepared.
        let start: Date
        /// How long ago that is.
        let age: Duration
    }

    let kind: Kind
    /// The time of the hold, or nil for a replication slot: the server does not record it.
    let hold: Hold?
}

extension HorizonHolder {
    /// From this age on a transaction is reported: 5 minutes.
    static let longHold = Duration.seconds(300)

    /// Whether the hold is long enough that a person should look.
    ///
    /// The age of a slot is not known. An unused slot counts as long: it does not end unless a person drops it.
    var isLong: Bool {
        if let hold { return hold.age >= Self.longHold }
        if case .replicationSlot(_, let isInUse) = kind { return !isInUse }
        return false
    }

    /// The holder, and for how long: `session 4711 (role app, application "psql", idle in transaction) has …`.
    var found: String {
        switch kind {
        case .session(let session):
            "session \(session.processID) (\(session.details)) has a transaction open\(span)"
        case .preparedTransaction(let name):
            "the prepared transaction \"\(name)\" waits to be committed or rolled back\(span)"
        case .replicationSlot(let name, let isInUse):
            "the replication slot \"\(name)\", which is \(isInUse ? "" : "not ")in use, keeps an old snapshot"
        }
    }

    /// Why that matters.
    private static let harm = "meanwhile deleted rows cannot be cleaned up, and the table grows"

    /// The holder, for how long, and why that matters.
    var sentence: String { "\(found): \(Self.harm)" }

    /// How to end a session, with the statement, or nil if only its owner can judge that.
    var advice: String? {
        guard case .session(let session) = kind else { return nil }
        return "End it: SELECT pg_terminate_backend(\(session.processID))"
    }

    private var span: String { hold.map { " for \(DurationText.age($0.age))" } ?? "" }

    /// As the core's type.
    var horizon: Horizon {
        var horizon = Horizon(kind: "session", isLong: isLong, sentence: sentence, advice: advice)
        switch kind {
        case .session(let session):
            horizon.processID = session.processID
            (horizon.role, horizon.application) = (session.role, session.application)
            (horizon.client, horizon.state) = (session.client, session.state)
        case .preparedTransaction(let name):
            (horizon.kind, horizon.name) = ("prepared_transaction", name)
        case .replicationSlot(let name, let isInUse):
            (horizon.kind, horizon.name) = ("replication_slot", name)
            horizon.state = isInUse ? "active" : "inactive"
        }
        (horizon.start, horizon.age) = (hold?.start, hold?.age)
        return horizon
    }
}

extension HorizonHolder.Session {
    fileprivate var details: String {
        let parts = [
            role.map { "role \($0)" }, application.map { "application \"\($0)\"" }, client.map { "from \($0)" }, state,
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
