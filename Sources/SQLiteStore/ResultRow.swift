import Foundation
import GRDB
import GRDBSQLite

/// The place of a column in the rows of a statement.
struct Column {
    fileprivate let place: Int32
}

/// The columns of a prepared statement, by their names.
struct Columns {
    private let statement: OpaquePointer

    init(of statement: OpaquePointer) { self.statement = statement }

    subscript(_ name: String) -> Column {
        for place in 0..<sqlite3_column_count(statement)
        where strcmp(sqlite3_column_name(statement, place), name) == 0 {
            return Column(place: place)
        }
        preconditionFailure("the statement returns no column \(name)")
    }
}

/// The present row of a statement, until its next step.
///
/// Any program can write the columns, so they are read whatever is in them: the table's checks keep odd values out, but a program can
/// switch them off, and SQLite does not check UTF-8 at all. One odd row must not end the program and with it the work on all others.
struct ResultRow {
    private let statement: OpaquePointer

    init(of statement: OpaquePointer) { self.statement = statement }

    /// Whether there is nothing.
    func isNull(_ column: Column) -> Bool { sqlite3_column_type(statement, column.place) == SQLITE_NULL }

    /// A whole number; SQLite makes one of whatever is there.
    func integer(_ column: Column) -> Int64 { sqlite3_column_int64(statement, column.place) }

    /// A number; SQLite makes one of whatever is there.
    func double(_ column: Column) -> Double { sqlite3_column_double(statement, column.place) }

    /// Whether it is true; NULL is not.
    func flag(_ column: Column) -> Bool { integer(column) != 0 }

    /// The bytes of a text or of a column that was cast to BLOB, for as long as the row is there; empty for NULL.
    func bytes(_ column: Column) -> UnsafeRawBufferPointer {
        // Text may be in another encoding than UTF-8, if the file is.
        let start =
            sqlite3_column_type(statement, column.place) == SQLITE_TEXT
            ? UnsafeRawPointer(sqlite3_column_text(statement, column.place))
            : sqlite3_column_blob(statement, column.place)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column.place)))
    }

    /// The same as text, bytes that are not UTF-8 as U+FFFD; empty for NULL.
    func text(_ column: Column) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// The same; nil for NULL.
    func textIfAny(_ column: Column) -> String? { isNull(column) ? nil : text(column) }

    /// A whole number within these bounds; nil for anything else.
    func number(_ column: Column, in bounds: ClosedRange<Int64>) -> Int64? {
        guard sqlite3_column_type(statement, column.place) == SQLITE_INTEGER else { return nil }
        let value = integer(column)
        return bounds.contains(value) ? value : nil
    }

    /// A number from 0; 0 for anything else.
    func natural(_ column: Column) -> Int64 { number(column, in: 0...Int64.max) ?? 0 }

    /// A count: 0 where there is none.
    func count(_ column: Column) -> Int { number(column, in: 0...Int64(Int32.max)).map { Int($0) } ?? 0 }

    /// A limit from this number; nil where there is none.
    func limit(_ column: Column, from least: Int64 = 1) -> Int? {
        number(column, in: least...Int64(Int32.max)).map { Int($0) }
    }

    /// A moment that was made a Julian day; nil where it was none.
    func moment(_ column: Column) -> Date? {
        guard sqlite3_column_type(statement, column.place) == SQLITE_FLOAT else { return nil }
        return SQLiteTime.date(julianDay: double(column))
    }
}
