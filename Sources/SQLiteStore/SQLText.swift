import Foundation
import GRDB
import GRDBSQLite

/// What has to be known of the text of a statement.
enum SQLText {
    /// Words that would end or nest the transaction that a script runs in, or leave the database it belongs to.
    static let transactionWords: Set<String> = [
        "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "VACUUM",
    ]

    /// The first word of a statement in capitals, comments and white space passed over; empty if there is none.
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

    /// The names of a statement's parameters, without their sign; `?` for one without a name.
    static func parameters(of statement: Statement) -> [String] {
        let count = sqlite3_bind_parameter_count(statement.sqliteStatement)
        return (0..<count).map { index in
            sqlite3_bind_parameter_name(statement.sqliteStatement, index + 1)
                .map { String(String(cString: $0).dropFirst()) } ?? "?"
        }
    }
}
