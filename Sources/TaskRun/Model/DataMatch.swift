/// A value at a place in a payload: `$.customer.id=7`.
///
/// A string is compared without its quotation marks. A number is compared as the database writes it. `true`, `false`
/// and `null` are compared as words.
public struct DataMatch: Sendable, Equatable {
    /// A step on the way to the value.
    public enum Step: Sendable, Equatable {
        /// Into a member of an object.
        case key(String)
        /// Into an element of an array, from 0.
        case index(Int)
    }

    /// The way to the value, at least one step.
    public let path: [Step]
    /// The value.
    public let value: String

    /// Reads `PATH=VALUE`, or returns nil for anything else.
    ///
    /// A path is `$` with `.key`, `."any key"` and `[number]` behind it, as in SQL.
    public init?(_ text: String) {
        let form = /\$((?:\.[^.\["=\s]+|\."[^"\\]+"|\[[0-9]{1,9}\])+)=(?s)(.*)/
        guard let whole = text.wholeMatch(of: form) else { return nil }
        path = whole.output.1.matches(of: /\.([^.\["=\s]+)|\."([^"\\]+)"|\[([0-9]+)\]/).map { step in
            if let index = step.output.3.flatMap({ Int($0) }) { return .index(index) }
            return .key(String(step.output.1 ?? step.output.2 ?? ""))
        }
        value = String(whole.output.2)
    }

    /// The path as SQLite's JSON functions read it.
    package var sqlitePath: String {
        path.reduce(into: "$") { text, step in
            switch step {
            case .key(let key): text += ".\"\(key)\""
            case .index(let index): text += "[\(index)]"
            }
        }
    }

    /// The steps as PostgreSQL's `#>>` reads them.
    package var steps: [String] {
        path.map { step in
            switch step {
            case .key(let key): key
            case .index(let index): String(index)
            }
        }
    }
}
