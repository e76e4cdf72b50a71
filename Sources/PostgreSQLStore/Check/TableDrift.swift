/// The parts of tables: each column, constraint, index and function, by its name.
struct TableMakeup: Sendable {
    struct Part: Sendable, Equatable {
        enum Kind: String { case column, constraint, index, function, trigger }

        let kind: Kind
        /// `tasks.queue`, or the name of the constraint, index or function.
        let place: String
        let table: String
        /// The name alone.
        let name: String
        /// As the server writes it, for comparison.
        let text: String
        /// What makes it: of a column and a constraint the part of CREATE TABLE, of the others the statement.
        let definition: String
        /// Of a column: its type.
        var type = ""
        /// Of a column: its default.
        var standard: String?
        /// Of a column: whether it must not be null.
        var isNeeded = false
        /// Of a column: how it gets its number.
        var identity: String?
    }

    let parts: [Part]

    /// A difference, for people, and the statements that mend it.
    struct Difference: Sendable, Equatable {
        let found: String
        let sql: [String]
    }

    /// How these tables differ from those that taskrun makes: what is missing, and what is different.
    func drift(from made: TableMakeup) -> [Difference] {
        let own = Dictionary(grouping: parts, by: \.key)
        let tables = Set(parts.map(\.table))
        let gone = Set(made.parts.map(\.table)).subtracting(tables).sorted()
        let missing = gone.map { table in
            // If a table is missing, so are all of its parts.
            Difference(found: "the table \(table) is missing", sql: made.making(table))
        }
        let differences = made.parts.filter { !gone.contains($0.table) && $0.kind != .trigger }
            .sorted { $0.rank < $1.rank }
            .compactMap { part -> Difference? in
                guard let found = own[part.key] else {
                    return Difference(found: "\(part.title) is missing", sql: part.adding)
                }
                guard !found.contains(where: { $0.compared == part.compared }) else { return nil }
                let texts = found.map(\.text).joined(separator: ", ")
                return Difference(found: "\(part.title) is different: \(texts)", sql: part.mending(found[0]))
            }
        let disabled = parts.filter { $0.kind == .trigger && $0.text.hasSuffix(" DISABLED") }.map { part in
            Difference(
                found: "the trigger \(part.name) is disabled",
                sql: ["ALTER TABLE \(part.table.quoted) ENABLE TRIGGER \(part.name.quoted)"]
            )
        }
        return missing + differences + disabled
    }

    /// What these tables have in addition and what may keep programs from adding tasks as usual.
    func additions(to made: TableMakeup) -> [String] {
        let known = Set(made.parts.map(\.key))
        let tables = Set(made.parts.map(\.table))
        return parts.filter { tables.contains($0.table) && !known.contains($0.key) && $0.mayRefuse }.map(\.text)
    }

    /// The statements that make one of these tables.
    private func making(_ table: String) -> [String] {
        let parts = parts.filter { $0.table == table }
        let lines =
            parts.filter { $0.kind == .column }.map(\.definition)
            + parts.filter { $0.kind == .constraint }.map { "CONSTRAINT \($0.name.quoted) \($0.definition)" }
        return ["CREATE TABLE \(table.quoted) (\n    \(lines.joined(separator: ",\n    "))\n)"]
            + parts.filter { $0.kind == .index || $0.kind == .function }.map(\.definition)
    }
}

extension TableMakeup.Part {
    /// Constraints of two tables may have one name.
    fileprivate var key: String { "\(kind.rawValue) \(table) \(place)" }

    /// The text without what changes when a table is made from a dump: the server writes `(a AND b) AND c` as
    /// `a AND b AND c` once it has read its own text.
    fileprivate var compared: String {
        kind == .constraint || kind == .index ? text.filter { !"() ".contains($0) } : text
    }

    fileprivate var title: String { "the \(kind.rawValue) \(place)" }

    /// Columns come first: the others are about them.
    fileprivate var rank: Int {
        switch kind {
        case .column: 0
        case .constraint: 1
        case .index: 2
        case .function, .trigger: 3
        }
    }

    /// Whether an INSERT that does not know of it may be refused.
    fileprivate var mayRefuse: Bool {
        switch kind {
        case .column: isNeeded && standard == nil && identity == nil
        case .constraint: true
        case .index: definition.hasPrefix("CREATE UNIQUE INDEX")
        case .function, .trigger: false
        }
    }

    /// The statements that add it to its table.
    fileprivate var adding: [String] {
        switch kind {
        case .column: ["ALTER TABLE \(table.quoted) ADD COLUMN \(definition)"]
        case .constraint: ["ALTER TABLE \(table.quoted) ADD CONSTRAINT \(name.quoted) \(definition)"]
        case .index, .function: [definition]
        case .trigger: []
        }
    }

    /// The statements that make another part of its name like it.
    fileprivate func mending(_ found: TableMakeup.Part) -> [String] {
        switch kind {
        case .column:
            let alter = "ALTER TABLE \(table.quoted) ALTER COLUMN \(name.quoted)"
            var sql: [String] = []
            // The old default may have no value of the new type.
            let isRetyped = found.type != type
            if isRetyped, found.standard != nil { sql.append("\(alter) DROP DEFAULT") }
            if isRetyped { sql.append("\(alter) TYPE \(type) USING \(name.quoted)::\(plainType)") }
            if found.identity != nil, found.identity != identity { sql.append("\(alter) DROP IDENTITY") }
            if isRetyped || found.standard != standard {
                if let standard {
                    sql.append("\(alter) SET DEFAULT \(standard)")
                } else if found.standard != nil, !isRetyped {
                    sql.append("\(alter) DROP DEFAULT")
                }
            }
            if found.isNeeded != isNeeded { sql.append("\(alter) \(isNeeded ? "SET" : "DROP") NOT NULL") }
            if let identity, found.identity != identity { sql.append("\(alter) ADD \(identity)") }
            return sql
        case .constraint:
            return ["ALTER TABLE \(table.quoted) DROP CONSTRAINT \(name.quoted)"] + adding
        case .index:
            return ["DROP INDEX \(name.quoted)"] + adding
        case .function, .trigger:
            return adding
        }
    }

    /// The type without its collation.
    private var plainType: String { type.firstRange(of: " COLLATE ").map { String(type[..<$0.lowerBound]) } ?? type }
}

extension String {
    /// A name as SQL has it: taskrun's own need no quotes.
    fileprivate var quoted: String {
        allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") } && first?.isNumber == false
            ? self : "\"\(replacing("\"", with: "\"\""))\""
    }
}
