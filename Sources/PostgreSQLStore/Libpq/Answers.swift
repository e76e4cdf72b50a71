/// The results of one exchange, each found by its statement.
struct Answers {
    private let requests: [Request]
    private let results: [PostgreSQLResult]

    /// Pairs statements with their results, in order.
    init(_ requests: [Request], _ results: [PostgreSQLResult]) { (self.requests, self.results) = (requests, results) }

    private func result(of statements: [Statement]) -> PostgreSQLResult? {
        requests.firstIndex { statements.contains($0.statement) }.map { results[$0] }
    }

    /// The rows of the one of these statements that was sent, or none if none was.
    subscript(statements: Statement...) -> PostgreSQLResult.Rows { result(of: statements)?.rows ?? .none }

    func has(_ statement: Statement) -> Bool { result(of: [statement]) != nil }

    /// How many rows a statement without RETURNING changed.
    func changedRows(of statement: Statement) -> Int { result(of: [statement])?.changedRows ?? 0 }
}

extension PostgreSQLSession {
    /// Sends one statement, and waits for its rows.
    func rows(
        of request: Request,
        within limit: Duration = .seconds(15)
    ) throws(PostgreSQLFailure) -> PostgreSQLResult.Rows {
        try exchange([request], within: limit)[request.statement]
    }
}

extension Statement: Equatable {
    /// Variants of a statement for versions of the server share a name, and are equal.
    static func == (one: Statement, other: Statement) -> Bool {
        one.name == other.name && (!one.name.isEmpty || one.sql == other.sql)
    }
}
