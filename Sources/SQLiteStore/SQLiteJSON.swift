import Text

/// Lists as JSON text, for `json_each()`: the way to bind a list in SQLite.
enum SQLiteJSON {
    static func text(_ numbers: [Int64]) -> String { "[\(numbers.map(String.init).joined(separator: ","))]" }

    static func text(_ words: [String]) -> String { "[\(words.map(JSONText.quote).joined(separator: ","))]" }
}
