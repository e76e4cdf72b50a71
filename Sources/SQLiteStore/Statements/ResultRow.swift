import Foundation
import GRDB
import GRDBSQLite
import TaskRun

/// Where the columns of a statement stand, each looked up once by its name.
private final class ColumnPlaces {
    private let statement: OpaquePointer
    /// The columns that were read so far, each by the address of its name's literal.
    ///
    /// Only this type's subscript uses it and ``next``, so no check of overlapping accesses is needed for each value.
    @exclusivity(unchecked) private var known: [(name: UnsafePointer<UInt8>, index: Int32)] = []
    /// The one that is likely to be read next: all rows are read in one order.
    @exclusivity(unchecked) private var next = 0

    init(of statement: OpaquePointer) { self.statement = statement }

    subscript(_ name: StaticString) -> Int32 {
        let start = name.utf8Start
        if next >= known.count || known[next].name != start {
            next = known.firstIndex { $0.name == start } ?? known.count
        }
        if next == known.count { known.append((start, find(name.description))) }
        next += 1
        return known[next - 1].index
    }

    private func find(_ name: String) -> Int32 {
        for index in 0..<sqlite3_column_count(statement)
        where strcmp(sqlite3_column_name(statement, index), name) == 0 {
            return index
        }
        preconditionFailure("the statement returns no column \(name)")
    }
}

/// The current row of a statement, valid until its next step.
///
/// Any program can write the columns, so any value must be readable: the table's checks keep odd values out, but a
/// program can switch them off, and SQLite does not check UTF-8 at all. One odd row must not end the program and the
/// work on all other rows.
struct ResultRow: StoreRow {
    private let statement: OpaquePointer
    private let places: ColumnPlaces

    init(of statement: OpaquePointer) { (self.statement, places) = (statement, ColumnPlaces(of: statement)) }

    /// Whether the column is NULL.
    func isNull(_ column: StaticString) -> Bool { isNull(at: places[column]) }

    /// A whole number; SQLite converts any other value.
    func integer(_ column: StaticString) -> Int64 { sqlite3_column_int64(statement, places[column]) }

    /// A whole number; nil for NULL.
    func integerIfAny(_ column: StaticString) -> Int64? {
        let place = places[column]
        return isNull(at: place) ? nil : sqlite3_column_int64(statement, place)
    }

    /// A number; SQLite converts any other value.
    func double(_ column: StaticString) -> Double { sqlite3_column_double(statement, places[column]) }

    /// Whether the value is true; NULL is false.
    func flag(_ column: StaticString) -> Bool { integer(column) != 0 }

    /// The bytes of a text, or of a column that was cast to BLOB, valid as long as the row; empty for NULL.
    func bytes(_ column: StaticString) -> UnsafeRawBufferPointer { bytes(at: places[column]) }

    func payload(_ column: StaticString) -> [UInt8] { Array(bytes(column)) }

    /// A text, in which bytes that are not UTF-8 become U+FFFD; empty for NULL.
    func text(_ column: StaticString) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// A text, or nil for NULL.
    func textIfAny(_ column: StaticString) -> String? {
        let place = places[column]
        return isNull(at: place) ? nil : String(decoding: bytes(at: place), as: UTF8.self)
    }

    func status(_ column: StaticString) -> TaskStatus { TaskStatus(rawValue: text(column)) ?? .failed }

    /// A whole number within these bounds, or nil for any other value.
    func number(_ column: StaticString, in bounds: ClosedRange<Int64>) -> Int64? {
        let place = places[column]
        guard sqlite3_column_type(statement, place) == SQLITE_INTEGER else { return nil }
        let value = sqlite3_column_int64(statement, place)
        return bounds.contains(value) ? value : nil
    }

    /// A whole number of at least 0, or 0 for any other value.
    func natural(_ column: StaticString) -> Int64 { number(column, in: 0...Int64.max) ?? 0 }

    /// A count of at most 32 bits, or 0 for any other value.
    func count(_ column: StaticString) -> Int { number(column, in: 0...Int64(Int32.max)).map { Int($0) } ?? 0 }

    /// A limit of at least `least` and at most 32 bits, or nil for any other value.
    func limit(_ column: StaticString, from least: Int64) -> Int? {
        number(column, in: least...Int64(Int32.max)).map { Int($0) }
    }

    /// A moment that the statement returns as a Julian day, or nil if the column holds no moment.
    func moment(_ column: StaticString) -> Date? {
        let place = places[column]
        guard sqlite3_column_type(statement, place) == SQLITE_FLOAT else { return nil }
        return SQLiteTime.date(julianDay: sqlite3_column_double(statement, place))
    }

    private func isNull(at place: Int32) -> Bool { sqlite3_column_type(statement, place) == SQLITE_NULL }

    private func bytes(at place: Int32) -> UnsafeRawBufferPointer {
        // If the file is not in UTF-8, a text is not either, until sqlite3_column_text converts it.
        let start =
            sqlite3_column_type(statement, place) == SQLITE_TEXT
            ? UnsafeRawPointer(sqlite3_column_text(statement, place)) : sqlite3_column_blob(statement, place)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, place)))
    }
}
