/// Texts cut to a number of bytes, at the end of a Unicode scalar.
///
/// They are not cut at the end of a character: one letter can carry any number of accents, so finding a character's end
/// can take as long as the whole text.
package enum BoundedText {
    /// The first bytes of a text, at most `limit`.
    package static func prefix(_ text: String, bytes limit: Int) -> Substring {
        let bytes = text.utf8
        guard bytes.count > limit else { return text[...] }
        var end = bytes.index(bytes.startIndex, offsetBy: max(0, limit))
        while end > bytes.startIndex, isInside(bytes[end]) { end = bytes.index(before: end) }
        return text[..<end]
    }

    /// The last bytes of a text, at most `limit`.
    package static func suffix(_ text: String, bytes limit: Int) -> Substring {
        let bytes = text.utf8
        guard bytes.count > limit else { return text[...] }
        var start = bytes.index(bytes.endIndex, offsetBy: -max(0, limit))
        while start < bytes.endIndex, isInside(bytes[start]) { start = bytes.index(after: start) }
        return text[start...]
    }

    /// A text that is cut if it is too long, with ` …` at its end; at most `limit` bytes in all.
    package static func fit(_ text: String, bytes limit: Int) -> String {
        let mark = " …"
        guard text.utf8.count > limit else { return text }
        return prefix(text, bytes: limit - mark.utf8.count) + mark
    }

    /// Whether a byte is inside a scalar, and not its first byte.
    private static func isInside(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}
