/// Text as quoted-printable UTF-8, RFC 2045 6.7: ASCII in lines of at most 76 characters, ended by CRLF.
enum QuotedPrintable {
    private static let lineLimit = 76

    /// Encodes a text; line breaks of any system become CRLF, and the last line gets one.
    static func encode(_ text: String) -> String {
        let breaks: Set<Character> = ["\n", "\r\n", "\r"]
        var lines = text.split(omittingEmptySubsequences: false) { breaks.contains($0) }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { encode(line: $0) + "\r\n" }.joined()
    }

    private static func encode(line: Substring) -> String {
        let bytes = Array(line.utf8)
        var text = ""
        var column = 0
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            var piece = encode(byte, isFirst: column == 0, isLast: isLast)
            // One column is kept for the "=" of a soft line break, except at the end.
            if column + piece.utf8.count > lineLimit - (isLast ? 0 : 1) {
                text += "=\r\n"
                column = 0
                piece = encode(byte, isFirst: true, isLast: isLast)
            }
            text += piece
            column += piece.utf8.count
        }
        return text
    }

    private static func encode(_ byte: UInt8, isFirst: Bool, isLast: Bool) -> String {
        isPlain(byte, isFirst: isFirst, isLast: isLast) ? String(UnicodeScalar(byte)) : escape(byte)
    }

    private static func isPlain(_ byte: UInt8, isFirst: Bool, isLast: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"): !isLast
        case UInt8(ascii: "="): false
        // For some programs a line with one dot ends a message, and mailbox files change "From ".
        case UInt8(ascii: "."), UInt8(ascii: "F"): !isFirst
        default: (0x21...0x7e).contains(byte)
        }
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "=0\(digits)" : "=\(digits)"
    }
}
