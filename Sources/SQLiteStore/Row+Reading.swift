import Foundation
import GRDB

/// Reads columns that any program can write, whatever is in them.
///
/// The table's checks keep odd values out, but a program can switch them off, and SQLite does not check UTF-8 at all. One
/// odd row must not end the program and with it the work on all others.
extension Row {
    /// The bytes of a column that was cast to BLOB; nil for NULL.
    func bytes(_ index: Int) -> Data? {
        switch (self[index] as DatabaseValue).storage {
        case .blob(let bytes): bytes
        case .string(let text): Data(text.utf8)
        case .null, .int64, .double: nil
        }
    }

    /// The text of a column that was cast to BLOB, bytes that are not UTF-8 as U+FFFD; nil for NULL.
    func textIfAny(_ index: Int) -> String? { bytes(index).map { String(decoding: $0, as: UTF8.self) } }

    /// The same, and empty for NULL.
    func text(_ index: Int) -> String { textIfAny(index) ?? "" }

    /// A whole number within these bounds; nil for anything else.
    func number(_ index: Int, in bounds: ClosedRange<Int64>) -> Int64? {
        guard case .int64(let value) = (self[index] as DatabaseValue).storage, bounds.contains(value) else {
            return nil
        }
        return value
    }

    /// A count: 0 where there is none.
    func count(_ index: Int) -> Int { number(index, in: 0...Int64(Int32.max)).map { Int($0) } ?? 0 }

    /// A limit from 1; nil where there is none.
    func limit(_ index: Int) -> Int? { number(index, in: 1...Int64(Int32.max)).map { Int($0) } }

    /// A moment that was made a Julian day; nil where it was none.
    func moment(_ index: Int) -> Date? {
        guard case .double(let day) = (self[index] as DatabaseValue).storage else { return nil }
        return SQLiteTime.date(julianDay: day)
    }
}
