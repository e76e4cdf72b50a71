import CPostgreSQL
import TaskRun

/// What one statement brought; its memory is libpq's and is freed with the last reference.
///
/// What cannot be read, as bytes were changed on the way, is noted and reads as nothing: see ``Misreading``.
final class PostgreSQLResult {
    private let handle: OpaquePointer
    private let misreading: Misreading

    /// Takes over a result.
    init(_ handle: OpaquePointer, noting misreading: Misreading) {
        (self.handle, self.misreading) = (handle, misreading)
    }

    deinit { PQclear(handle) }

    /// The rows, in the server's order.
    var rows: Rows { Rows(result: self, endIndex: Int(PQntuples(handle))) }

    /// How many columns each row has.
    var columnCount: Int { Int(PQnfields(handle)) }

    /// How many rows a statement without RETURNING changed.
    var changedRows: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// How the server ended the statement.
    var status: ExecStatusType { PQresultStatus(handle) }

    /// Whether the server now wants to send or get rows in a stream (COPY), which nothing here does.
    var isCopy: Bool { [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) }

    /// The server's complaint, if that is what this is.
    var failure: PostgreSQLFailure? {
        guard !isCopy else { return PostgreSQLFailure(.refused, message: "COPY works with files of the server only") }
        guard status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE else { return nil }
        let message = PQresultErrorField(handle, primaryField).map { String(cString: $0) }
        guard let state = PQresultErrorField(handle, stateField).map({ String(cString: $0) }) else {
            return PostgreSQLFailure(.unreachable, message: message ?? String(cString: PQresultErrorMessage(handle)))
        }
        return PostgreSQLFailure(state: state, message: message ?? "no message")
    }

    /// The rows; one that is not there has NULL in all columns.
    struct Rows: RandomAccessCollection {
        fileprivate let result: PostgreSQLResult
        let startIndex = 0
        let endIndex: Int

        subscript(position: Int) -> Row { Row(result: result, number: Int32(position)) }
    }

    /// One row; a view that keeps the result alive.
    struct Row {
        fileprivate let result: PostgreSQLResult
        fileprivate let number: Int32

        /// The bytes of a column in text form, valid while the result lives; nil for NULL.
        private func bytesIfAny(_ column: Int) -> UnsafeRawBufferPointer? {
            guard PQgetisnull(result.handle, number, Int32(column)) == 0 else { return nil }
            let length = Int(PQgetlength(result.handle, number, Int32(column)))
            return UnsafeRawBufferPointer(start: PQgetvalue(result.handle, number, Int32(column)), count: length)
        }

        /// A column's text; nil for NULL.
        func textIfAny(_ column: Int) -> String? { bytesIfAny(column).map { String(decoding: $0, as: UTF8.self) } }

        /// A column's whole number; nil for NULL.
        ///
        /// In binary form a moment is one too: microseconds since 2000.
        func integerIfAny(_ column: Int) -> Int64? {
            guard let bytes = bytesIfAny(column) else { return nil }
            guard PQfformat(result.handle, Int32(column)) == 1 else {
                return Int64(String(decoding: bytes, as: UTF8.self)) ?? unreadable(column, 0)
            }
            guard let highest = bytes.first, bytes.count <= 8 else { return unreadable(column, 0) }
            // The highest byte first; its sign is the number's.
            return bytes.dropFirst().reduce(Int64(Int8(bitPattern: highest))) { $0 << 8 | Int64($1) }
        }

        /// A column that is never NULL, as bytes.
        func bytes(_ column: Int) -> [UInt8] { bytesIfAny(column).map { Array($0) } ?? unreadable(column, []) }

        /// A column that is never NULL, as text.
        func text(_ column: Int) -> String { textIfAny(column) ?? unreadable(column, "") }

        /// A column that is never NULL, as a whole number.
        func integer(_ column: Int) -> Int64 { integerIfAny(column) ?? unreadable(column, 0) }

        /// A column that is never NULL, as a truth value.
        func bool(_ column: Int) -> Bool { text(column) == "t" }

        /// The same in either form.
        func isTrue(_ column: Int) -> Bool {
            PQfformat(result.handle, Int32(column)) == 1 ? bytesIfAny(column)?.first == 1 : bool(column)
        }

        /// A column that is never NULL, as a task's state.
        func status(_ column: Int) -> TaskStatus {
            TaskStatus(rawValue: text(column)) ?? unreadable(column, .failed)
        }

        /// Notes that a column has no value of the expected type.
        func unreadable<Value>(_ column: Int, _ instead: Value) -> Value {
            result.misreading.isNoted = true
            return instead
        }
    }
}

// PG_DIAG_MESSAGE_PRIMARY and PG_DIAG_SQLSTATE are C character constants, which Swift does not import.
private let primaryField = Int32(UInt8(ascii: "M"))
private let stateField = Int32(UInt8(ascii: "C"))
