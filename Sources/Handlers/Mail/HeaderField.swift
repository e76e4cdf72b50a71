import Platform

/// One header field, folded; its value may be in any language and cannot begin a second field.
struct HeaderField: Sendable {
    /// A value that must not be put into a header: it has a line break or another control character.
    struct Unsafe: Error, Sendable, Equatable {
        /// Which field.
        let field: String
    }

    /// RFC 2047 allows 75 characters in an encoded word, and 76 in a line with one.
    private static let wordLimit = 75
    private static let lineLimit = 76

    /// The field with its CRLF.
    let text: String

    /// A field with a fixed value: ASCII without control characters.
    init(_ name: String, plain value: String) {
        text = Self.fold(name, [value])
    }

    /// A field of free text: unchanged if it is short ASCII, otherwise in encoded words.
    init(_ name: String, text value: String) throws(Unsafe) {
        try Self.check(value, name)
        let isPlain = Self.isPrintableASCII(value) && name.count + 2 + value.count <= Self.lineLimit
        text = Self.fold(name, isPlain && !Self.looksEncoded(value) ? [value] : Self.encodedWords(value))
    }

    /// A field of one mailbox: a name beyond ASCII in encoded words, any other in quotes.
    init(_ name: String, mailbox: Mailbox) throws(Unsafe) {
        guard let person = mailbox.name else {
            text = Self.fold(name, [mailbox.address.description])
            return
        }
        try Self.check(person, name)
        let address = "<\(mailbox.address)>"
        let quoted = "\"" + person.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
        let isPlain = Self.isPrintableASCII(person) && quoted.count <= 60
        text = Self.fold(
            name,
            (isPlain && !Self.looksEncoded(person) ? [quoted] : Self.encodedWords(person)) + [address]
        )
    }

    private static func check(_ value: String, _ field: String) throws(Unsafe) {
        // Line and paragraph separators too: some programs take them for line breaks.
        let isUnsafe = value.unicodeScalars.contains {
            [.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        if isUnsafe { throw Unsafe(field: field) }
    }

    private static func isPrintableASCII(_ value: String) -> Bool {
        value.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }

    /// Whether plain text could be taken for an encoded word, or be changed by folding.
    private static func looksEncoded(_ value: String) -> Bool {
        value.contains("=?") || value.hasPrefix(" ") || value.hasSuffix(" ")
    }

    /// Base64 words of RFC 2047, each of whole characters.
    private static func encodedWords(_ value: String) -> [String] {
        let begin = "=?UTF-8?B?"
        let end = "?="
        // Three bytes become four characters. The first word shares its line with "Subject: ", so all leave room for
        // that.
        let bytesPerWord = (wordLimit - begin.count - end.count - 10) / 4 * 3
        var words: [[UInt8]] = [[]]
        for scalar in value.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if words[words.count - 1].count + bytes.count > bytesPerWord { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { begin + Data($0).base64EncodedString() + end }
    }

    /// Puts pieces on lines of at most 76 characters, broken between pieces only.
    private static func fold(_ name: String, _ pieces: [String]) -> String {
        var lines = ["\(name):"]
        for piece in pieces {
            if lines[lines.count - 1].count + 1 + piece.count > lineLimit && lines != ["\(name):"] { lines.append("") }
            lines[lines.count - 1] += " " + piece
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
