/// The schemas in which names of a session's statements are looked for.
///
/// A role that may create things in a schema can give them the names of PostgreSQL's own functions and operators. The
/// server calls the one whose types fit a statement best, with the rights of the caller, wherever its schema stands in
/// `search_path`. So the store's statements look only into PostgreSQL's own schema and the one of the tables, and their
/// types are exactly those of PostgreSQL's own functions. Source: PostgreSQL's manual, "Type Conversion", and its wiki,
/// "A Guide to CVE-2018-1058".
struct Names: Sendable, Equatable {
    static let setting = "search_path"

    /// For the store's own statements: the schema of the tables; PostgreSQL's own comes before it without being named.
    ///
    /// It is found out once for each session: a schema that is created later and comes before it in the user's path
    /// does not count. Temporary tables, of a script or, behind a pooler, of another program, come last.
    let own: String
    /// For the statements of SQL files: as the user has set it.
    let users: String

    init(own: String, users: String) { (self.own, self.users) = (own, users) }

    /// Reads an answer to ``find``, or to the statement that sets a session up.
    init(_ answers: Answers) {
        let row = answers[SessionSQL.names, SessionSQL.setUp].first
        (own, users) = (row?.textIfAny("own") ?? "\"\"", row?.textIfAny("users") ?? "")
    }

    /// Finds both, with the user's settings.
    static let find = Request(SessionSQL.names)

    /// Uses this path for the next statements of the transaction.
    static func use(_ path: String) -> Request { Request(SessionSQL.takeNames, [path]) }

    /// Reads the path that the script's statements left; no function of another role is called for it.
    static let show = Request(SessionSQL.showNames)
}
