import TaskRun

extension Script.Value {
    /// The value in PostgreSQL's text form; the server finds out the type from where it stands.
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

/// A script whose names have values, ready to be run.
struct BoundScript: Sendable {
    /// Why a script cannot be run.
    enum Flaw: Error, Equatable {
        /// It has a name that the values lack.
        case missing(name: String)
        /// A statement would end the transaction that is to delete the task; counted from 1.
        case controlsTransaction(number: Int, word: String)
    }

    /// The statements, in order.
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
