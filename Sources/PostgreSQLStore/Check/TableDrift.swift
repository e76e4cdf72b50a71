/// What tables are made of: a line for each column, constraint and index, by its name.
struct TableMakeup: Sendable {
    /// A column, a constraint, or an index.
    struct Part: Sendable, Equatable {
        /// `tasks.queue`, or the name of the constraint or index.
        let place: String
        let table: String
        /// As the server writes it.
        let text: String
    }

    let parts: [Part]

    /// What these tables lack, or have otherwise, beside others.
    func drift(from made: TableMakeup) -> [String] {
        let own = Dictionary(grouping: parts, by: \.place)
        let lines = made.parts.compactMap { part -> String? in
            guard let found = own[part.place] else { return "\(part.kind) \(part.place) is missing" }
            guard !found.contains(where: { $0.text == part.text }) else { return nil }
            return "\(part.kind) \(part.place) is other: \(found.map(\.text).joined(separator: ", "))"
        }
        // Where a table is missing, so are all of its parts.
        let tables = Set(parts.map(\.table))
        let gone = Set(made.parts.map(\.table)).subtracting(tables).sorted()
        let rest = zip(
            made.parts.compactMap { part in lines.contains { $0.contains(" \(part.place) ") } ? part : nil },
            lines
        )
        return gone.map { "the table \($0) is missing" } + rest.filter { !gone.contains($0.0.table) }.map(\.1)
    }

    /// What these tables have beside others and that keeps programs from adding tasks as they are used to.
    func additions(to made: TableMakeup) -> [String] {
        let known = Set(made.parts.map(\.place))
        let tables = Set(made.parts.map(\.table))
        return parts.filter { tables.contains($0.table) && !known.contains($0.place) && $0.mayRefuse }.map(\.text)
    }
}

extension TableMakeup.Part {
    fileprivate var kind: String {
        text.hasPrefix("column ") ? "the column" : text.hasPrefix("constraint ") ? "the constraint" : "the index"
    }

    /// Whether an INSERT that knows nothing of it may be refused.
    fileprivate var mayRefuse: Bool {
        if text.hasPrefix("column ") {
            return text.contains(" NOT NULL") && !text.contains(" DEFAULT ") && !text.hasSuffix(" IDENTITY")
        }
        return text.hasPrefix("constraint ") || text.hasPrefix("CREATE UNIQUE INDEX")
    }
}
