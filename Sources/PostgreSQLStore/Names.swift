/// What a name in a statement of a session means: in which schemas it is looked for.
///
/// A role that may make things in a schema can give them the names of PostgreSQL's own functions and operators. One whose types fit a
/// statement better is the one that is called, with the rights of the caller, wherever its schema stands in `search_path`. So the store's
/// statements look into no schema but PostgreSQL's own and the one of the tables, and their types are exactly those of PostgreSQL's own
/// functions. Source: PostgreSQL's manual, "Type Conversion", and its wiki, "A Guide to CVE-2018-1058".
struct Names: Sendable, Equatable {
    /// The setting.
    static let setting = "search_path"

    /// For the store's own statements: the schema of the tables, in front of which PostgreSQL's own stands unsaid.
    ///
    /// It is found out once a session: a schema that is made later and stands before it in the user's path does not count. Temporary
    /// tables, of a script or behind a pooler of another program, come last.
    let own: String
    /// As the user has them: for the statements of SQL files.
    let users: String

    init(own: String, users: String) { (self.own, self.users) = (own, users) }

    /// Reads an answer to ``find``.
    init(_ answers: Answers) {
        let row = answers[SessionSQL.names].first
        (own, users) = (row?.textIfAny("own") ?? "\"\"", row?.textIfAny("users") ?? "")
    }

    /// Both, as they are with the user's settings.
    static let find = Request(SessionSQL.names)

    /// Takes the own ones for the session, if the process that answers is this one.
    static func takeOwn(ifAnswering processID: Int32) -> Request {
        Request(SessionSQL.takeOwnNames, [String(processID)])
    }

    /// Looks for the names of the statements that follow in this transaction there.
    static func take(_ path: String) -> Request { Request(SessionSQL.takeNames, [path]) }

    /// The path by which the script's statements left the session; no function of anybody is called for it.
    static let show = Request(SessionSQL.showNames)
}
