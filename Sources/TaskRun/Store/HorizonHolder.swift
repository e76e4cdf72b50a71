public import Platform
import Text

/// Who holds the horizon of a PostgreSQL database: whose snapshot is the oldest.
///
/// What was deleted after that snapshot cannot be cleaned up, whoever deleted it: the table grows.
public struct HorizonHolder: Sendable, Equatable {
    /// A session with a transaction open.
    public struct Session: Sendable, Equatable {
        /// The number of the server's process.
        public let processID: Int64
        /// Who is logged in.
        public let role: String?
        /// What the program calls itself; nil where it has no name.
        public let application: String?
        /// The address it comes from; nil for the server's own machine, by its socket.
        public let client: String?
        /// What it does, in the server's words: `idle in transaction`.
        public let state: String?

        /// Creates a session from its parts.
        public init(processID: Int64, role: String?, application: String?, client: String?, state: String?) {
            self.processID = processID
            self.role = role
            self.application = application
            self.client = client
            self.state = state
        }
    }

    /// What can hold it.
    public enum Kind: Sendable, Equatable {
        /// A session's open transaction.
        case session(Session)
        /// A transaction that was prepared and neither committed nor rolled back since.
        case preparedTransaction(name: String)
        /// A replication slot; in use: a standby gets its changes through it now.
        case replicationSlot(name: String, isInUse: Bool)
    }

    /// Since when and for how long, on the server's clock.
    public struct Hold: Sendable, Equatable {
        /// When the transaction began, or was prepared.
        public let start: Date
        /// How long ago that is.
        public let age: Duration

        /// Creates a hold from its parts.
        public init(start: Date, age: Duration) {
            self.start = start
            self.age = age
        }
    }

    /// What holds it.
    public let kind: Kind
    /// Since when; nil for a replication slot, of which the server does not note it.
    public let hold: Hold?
    /// How it is ended, for people: a sentence with a statement in it.
    public let remedy: String

    /// Creates a holder from its parts.
    public init(_ kind: Kind, hold: Hold?, remedy: String) {
        self.kind = kind
        self.hold = hold
        self.remedy = remedy
    }
}

extension HorizonHolder {
    /// From this age on a transaction is worth a word: 5 minutes.
    public static let longHold = Duration.seconds(300)

    /// Whether it is held for so long that somebody should look.
    ///
    /// Of a slot no age is known: one that nobody uses is, for it will not let go by itself.
    public func isLong(_ limit: Duration = longHold) -> Bool {
        if let hold { return hold.age >= limit }
        if case .replicationSlot(_, let isInUse) = kind { return !isInUse }
        return false
    }

    /// Who it is, and for how long: `session 4711 (role app, application "psql", idle in transaction) has …`.
    public var found: String {
        switch kind {
        case .session(let session):
            "session \(session.processID) (\(session.details)) has a transaction open\(span)"
        case .preparedTransaction(let name):
            "the prepared transaction \"\(name)\" waits to be committed or rolled back\(span)"
        case .replicationSlot(let name, let isInUse):
            "the replication slot \"\(name)\", which \(isInUse ? "is in use" : "nobody uses"), keeps an old snapshot"
        }
    }

    /// Why that matters.
    public static let harm = "meanwhile rows that are gone cannot be cleaned up, and the table grows"

    private var span: String { hold.map { " for \(DurationText.age($0.age))" } ?? "" }
}

extension HorizonHolder.Session {
    fileprivate var details: String {
        let parts = [
            role.map { "role \($0)" }, application.map { "application \"\($0)\"" }, client.map { "from \($0)" }, state,
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
