import Foundation
import GRDB
import GRDBSQLite

/// Reads the text of a statement, as far as an SQL file needs it.
enum SQLText {
    /// Statements that would end or nest the script's transaction, or reach another database.
    static let transactionWords: Set<String> = [
        "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "VACUUM",
    ]

    /// The first word of a statement in capitals, after comments and white space; empty if there is none.
    static func firstWord(_ sql: String) -> String {
        var rest = Substring(sql)
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == ";" }
            if rest.hasPrefix("--") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                rest = rest.range(of: "*/").map { rest[$0.upperBound...] } ?? ""
            } else {
                return rest.prefix { $0.isLetter }.uppercased()
            }
        }
    }

    /// The names of a statement's parameters, without their sign; a parameter without a name is `?`.
    static func parameters(of statement: Statement) -> [String] {
        let count = sqlite3_bind_parameter_count(statement.sqliteStatement)
        return (0..<count).map { index in
            sqlite3_bind_parameter_name(statement.sqliteStatement, index + 1)
                .map { String(String(cString: $0).dropFirst()) } ?? "?"
        }
    }
}
