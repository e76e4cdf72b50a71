import TaskRun

extension Script.Value {
    /// The value in PostgreSQL's text form; the server finds the type from its place in the statement.
    var postgresqlText: String? {
        switch self {
        case .null: nil
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let digits): digits
        case .text(let text): text
        }
    }
}

/// A script whose names have values, ready to run.
struct BoundScript: Sendable {
    /// Why a script cannot be run.
    enum Flaw: Error, Equatable {
        /// It has a name without a value.
        case missing(name: String)
        /// A statement, counted from 1, would end the transaction that deletes the task.
        case controlsTransaction(number: Int, word: String)
    }

    let requests: [Request]

    /// Binds all names of a script.
    init(_ script: Script) throws(Flaw) {
        var requests: [Request] = []
        for (number, part) in SQLScript(script.sql).parts.enumerated() {
            if part.controlsTransaction {
                throw .controlsTransaction(number: number + 1, word: part.words.first ?? "")
            }
            var values: [String?] = []
            for name in part.names {
                guard let value = script.value(named: name) else { throw .missing(name: name) }
                values.append(value.postgresqlText)
            }
            requests.append(Request(Statement(once: part.sql), values))
        }
        self.requests = requests
    }
}
