/// The parts of tables: a line for each column, constraint, index and function, by its name.
struct TableMakeup: Sendable {
    struct Part: Sendable, Equatable {
        /// `tasks.queue`, or the name of the constraint, index or function.
        let place: String
        let table: String
        /// As the server writes it.
        let text: String
    }

    let parts: [Part]

    /// How these tables differ from those that taskrun makes: what is missing, and what is different.
    func drift(from made: TableMakeup) -> [String] {
        let own = Dictionary(grouping: parts, by: \.place)
        let lines = made.parts.compactMap { part -> String? in
            guard let found = own[part.place] else { return "\(part.kind) \(part.place) is missing" }
            guard !found.contains(where: { $0.text == part.text }) else { return nil }
            return "\(part.kind) \(part.place) is different: \(found.map(\.text).joined(separator: ", "))"
        }
        // If a table is missing, so are all of its parts.
        let tables = Set(parts.map(\.table))
        let gone = Set(made.parts.map(\.table)).subtracting(tables).sorted()
        let rest = zip(
            made.parts.compactMap { part in lines.contains { $0.contains(" \(part.place) ") } ? part : nil },
            lines
        )
        return gone.map { "the table \($0) is missing" } + rest.filter { !gone.contains($0.0.table) }.map(\.1)
    }

    /// What these tables have in addition and what may keep programs from adding tasks as usual.
    func additions(to made: TableMakeup) -> [String] {
        let known = Set(made.parts.map(\.place))
        let tables = Set(made.parts.map(\.table))
        return parts.filter { tables.contains($0.table) && !known.contains($0.place) && $0.mayRefuse }.map(\.text)
    }
}

extension TableMakeup.Part {
    fileprivate var kind: String {
        for kind in ["column", "constraint", "function"] where text.hasPrefix("\(kind) ") { return "the \(kind)" }
        return "the index"
    }

    /// Whether an INSERT that does not know of it may be refused.
    fileprivate var mayRefuse: Bool {
        if text.hasPrefix("column ") {
            return text.contains(" NOT NULL") && !text.contains(" DEFAULT ") && !text.hasSuffix(" IDENTITY")
        }
        return text.hasPrefix("constraint ") || text.hasPrefix("CREATE UNIQUE INDEX")
    }
}
