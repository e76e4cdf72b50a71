public import Platform

/// A row of a store's answer, read by the names of its columns.
///
/// A model type reads its rows here, and so from both stores alike. Any program can write the tables, and switch their
/// checks off. So each function returns something for each value: what its name says, or what it says here for other
/// values.
@usableFromInline
package protocol StoreRow {
    /// A whole number.
    func integer(_ column: StaticString) -> Int64
    /// A whole number; nil for NULL.
    func integerIfAny(_ column: StaticString) -> Int64?
    /// A whole number of at least 0; 0 for other values.
    func natural(_ column: StaticString) -> Int64
    /// A whole number of at least 0 and of 32 bits; 0 for other values.
    func count(_ column: StaticString) -> Int
    /// A whole number of at least this one and of 32 bits; nil for other values.
    func limit(_ column: StaticString, from least: Int64) -> Int?
    /// A whole number within these bounds; nil for other values.
    func number(_ column: StaticString, in bounds: ClosedRange<Int64>) -> Int64?
    /// Whether the value is true.
    func flag(_ column: StaticString) -> Bool
    /// The bytes of a text or a payload.
    func payload(_ column: StaticString) -> [UInt8]
    /// A text, in which bytes that are not UTF-8 become U+FFFD; empty for NULL.
    func text(_ column: StaticString) -> String
    /// Such a text; nil for NULL.
    func textIfAny(_ column: StaticString) -> String?
    /// A task's state; FAILED for other values.
    func status(_ column: StaticString) -> TaskStatus
    /// A moment; nil for NULL and for a value that is not a moment, like `infinity`.
    func moment(_ column: StaticString) -> Date?
}
