import Text

/// Makes the texts that go into the column `last_error`.
public enum LastError {
    /// The longest text, in bytes.
    public static let limit = 8 * 1024

    /// Makes a text fit: without NUL characters (PostgreSQL cannot store them), at most ``limit`` bytes, cut at a
    /// scalar's end.
    public static func fit(_ text: String) -> String { fit(text, leaving: 0) }

    /// Makes a text fit, with room for this many bytes more.
    static func fit(_ text: String, leaving room: Int) -> String {
        // The text is cut first, so that the dropped part is never read.
        let short = BoundedText.fit(text, bytes: limit - room)
        guard short.utf8.contains(0) else { return short }
        let scalars = short.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }
        return BoundedText.fit(String(String.UnicodeScalarView(scalars)), bytes: limit - room)
    }
}
