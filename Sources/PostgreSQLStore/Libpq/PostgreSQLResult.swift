import CPostgreSQL
import Platform
import TaskRun

/// The result of one statement; its memory is libpq's and is freed with the last reference.
///
/// A value that cannot be read, as bytes were changed on the way, is noted and reads as an empty one: see
/// ``Misreading``.
final class PostgreSQLResult {
    private let handle: OpaquePointer
    private let misreading: Misreading
    /// The columns that were read so far, each by the address of its name's literal.
    private var columns: [(name: UnsafePointer<UInt8>, place: Int32)] = []
    /// The one that is likely to be read next: all rows are read in one order.
    private var next = 0

    init(_ handle: OpaquePointer, noting misreading: Misreading) {
        (self.handle, self.misreading) = (handle, misreading)
    }

    deinit { PQclear(handle) }

    /// The rows, in the server's order.
    var rows: Rows { Rows(result: self, endIndex: Int(PQntuples(handle))) }

    /// The index of a column, looked up once for each result, or nil if none has that name.
    private func place(of name: StaticString) -> Int32? {
        let start = name.utf8Start
        if next >= columns.count || columns[next].name != start {
            next = columns.firstIndex { $0.name == start } ?? columns.count
        }
        if next == columns.count {
            let place = name.withUTF8Buffer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { PQfnumber(handle, $0.baseAddress) }
            }
            columns.append((start, place))
        }
        let place = columns[next].place
        next += 1
        return place < 0 ? nil : place
    }

    /// The first value of all, whatever its column is called: for servers that are not PostgreSQL.
    var firstText: String? {
        guard PQntuples(handle) > 0, PQgetisnull(handle, 0, 0) == 0 else { return nil }
        return String(cString: PQgetvalue(handle, 0, 0))
    }

    /// How many rows a statement without RETURNING changed.
    var changedRows: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// How the server ended the statement.
    var status: ExecStatusType { PQresultStatus(handle) }

    /// Whether the server now wants to send or get rows in a stream (COPY), which nothing here does.
    var isCopy: Bool { [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) }

    /// The server's error, if this is one.
    var failure: PostgreSQLFailure? {
        guard !isCopy else { return PostgreSQLFailure(.refused, message: "COPY works with files of the server only") }
        guard status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE else { return nil }
        let message = PQresultErrorField(handle, primaryField).map { String(cString: $0) }
        guard let state = PQresultErrorField(handle, stateField).map({ String(cString: $0) }) else {
            return PostgreSQLFailure(.unreachable, message: message ?? String(cString: PQresultErrorMessage(handle)))
        }
        return PostgreSQLFailure(state: state, message: message ?? "no message")
    }

    /// The rows, or none if there is no result.
    struct Rows: RandomAccessCollection {
        fileprivate let result: PostgreSQLResult?
        let startIndex = 0
        let endIndex: Int

        /// The rows of a statement that was not sent.
        static var none: Rows { Rows(result: nil, endIndex: 0) }

        subscript(position: Int) -> Row {
            guard let result else { preconditionFailure("a statement that was not sent has no rows") }
            return Row(result: result, number: Int32(position))
        }

        /// The row of a statement that always returns one.
        ///
        /// If there is none, its columns cannot be read.
        var only: Row { self[0] }

        /// The column `id` of the rows.
        var ids: [Int64] { map { $0.integer("id") } }
    }

    /// One row; a view that keeps the result alive.
    ///
    /// Its columns are read by name, so that one more column changes nothing.
    struct Row: StoreRow {
        fileprivate let result: PostgreSQLResult
        fileprivate let number: Int32

        /// The bytes of a column, valid as long as the result, and whether they are in binary form; nil for NULL.
        private func find(_ column: StaticString) -> (bytes: UnsafeRawBufferPointer, isBinary: Bool)? {
            guard let place = result.place(of: column) else { return unreadable(nil) }
            guard PQgetisnull(result.handle, number, place) == 0 else { return nil }
            let length = Int(PQgetlength(result.handle, number, place))
            let bytes = UnsafeRawBufferPointer(start: PQgetvalue(result.handle, number, place), count: length)
            return (bytes, PQfformat(result.handle, place) == 1)
        }

        /// A column's text, or nil for NULL.
        func textIfAny(_ column: StaticString) -> String? {
            find(column).map { String(decoding: $0.bytes, as: UTF8.self) }
        }

        /// A column's whole number, or nil for NULL.
        ///
        /// In binary form a moment is one too: microseconds since 2000.
        func integerIfAny(_ column: StaticString) -> Int64? {
            guard let (bytes, isBinary) = find(column) else { return nil }
            guard isBinary else { return Int64(String(decoding: bytes, as: UTF8.self)) ?? unreadable(0) }
            guard let highest = bytes.first, bytes.count <= 8 else { return unreadable(0) }
            // The highest byte comes first; its sign is the number's.
            return bytes.dropFirst().reduce(Int64(Int8(bitPattern: highest))) { $0 << 8 | Int64($1) }
        }

        /// A column that is never NULL, as bytes.
        func bytes(_ column: StaticString) -> [UInt8] { find(column).map { Array($0.bytes) } ?? unreadable([]) }

        /// A column that is never NULL, as text.
        func text(_ column: StaticString) -> String { textIfAny(column) ?? unreadable("") }

        /// A column that is never NULL, as a whole number.
        func integer(_ column: StaticString) -> Int64 { integerIfAny(column) ?? unreadable(0) }

        /// A column that is never NULL, as a boolean.
        func bool(_ column: StaticString) -> Bool {
            find(column).map { $0.bytes.first == ($0.isBinary ? 1 : UInt8(ascii: "t")) } ?? unreadable(false)
        }

        /// A column that is never NULL, as a task's state.
        func status(_ column: StaticString) -> TaskStatus {
            TaskStatus(rawValue: text(column)) ?? unreadable(.failed)
        }

        // What the table's checks ensure is not checked again: see StoreRow.
        func natural(_ column: StaticString) -> Int64 { integer(column) }
        func count(_ column: StaticString) -> Int { Int(integer(column)) }
        func limit(_ column: StaticString, from least: Int64) -> Int? { integerIfAny(column).map { Int($0) } }
        func number(_ column: StaticString, in bounds: ClosedRange<Int64>) -> Int64? { integerIfAny(column) }
        func flag(_ column: StaticString) -> Bool { bool(column) }
        func payload(_ column: StaticString) -> [UInt8] { bytes(column) }

        /// A moment of a statement with binary rows, or nil for NULL and for an infinite one.
        func moment(_ column: StaticString) -> Date? {
            integerIfAny(column).flatMap { [.min, .max].contains($0) ? nil : Date(microseconds: $0) }
        }

        /// Notes that a column is not there, or has no value of the expected type.
        private func unreadable<Value>(_ instead: Value) -> Value {
            result.misreading.isNoted = true
            return instead
        }
    }
}

// PG_DIAG_MESSAGE_PRIMARY and PG_DIAG_SQLSTATE are C character constants, which Swift does not import.
private let primaryField = Int32(UInt8(ascii: "M"))
private let stateField = Int32(UInt8(ascii: "C"))
