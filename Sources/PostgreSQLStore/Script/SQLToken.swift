/// The pieces of SQL that matter for cutting a script; joined again they are the script.
///
/// Source: PostgreSQL's manual, chapter 4.1, "Lexical Structure". Standard strings are assumed.
enum SQLToken: Equatable {
    /// White space and comments.
    case space(String)
    /// A key word, identifier or number.
    case word(String)
    /// A string, a quoted identifier or a dollar-quoted text, quotes included.
    case quoted(String)
    /// `:name`, without the colon; it may turn out to be the end of a slice.
    case name(String)
    case open(Bracket)
    case close(String)
    /// A semicolon.
    case end
    /// Operators and anything else.
    case other(String)

    enum Bracket: String {
        case round = "("
        case square = "["
    }

    /// All tokens of a text.
    static func all(in sql: String) -> [SQLToken] {
        var lexer = SQLLexer(sql)
        var tokens: [SQLToken] = []
        while let token = lexer.next() { tokens.append(token) }
        return tokens
    }
}

/// Reads tokens from the text's bytes; only ASCII matters, and other bytes belong to identifiers.
private struct SQLLexer {
    private let bytes: [UInt8]
    private var place = 0

    init(_ sql: String) { bytes = Array(sql.utf8) }

    mutating func next() -> SQLToken? {
        guard let byte = peek() else { return nil }
        let start = place
        switch byte {
        case _ where Self.isSpace(byte):
            skip(while: Self.isSpace)
            return .space(text(from: start))
        case UInt8(ascii: "-") where peek(1) == byte:
            // As in the server: a carriage return ends the line too.
            skip { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            return .space(text(from: start))
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
            skipComment()
            return .space(text(from: start))
        case UInt8(ascii: "'"):
            skipQuoted(by: byte, backslashes: false)
            return .quoted(text(from: start))
        case UInt8(ascii: "\""):
            skipQuoted(by: byte, backslashes: false)
            return .quoted(text(from: start))
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            guard peek(1) == UInt8(ascii: "'") else { return word() }
            place += 1
            skipQuoted(by: UInt8(ascii: "'"), backslashes: true)
            return .quoted(text(from: start))
        case UInt8(ascii: "$"):
            return dollar()
        case UInt8(ascii: ":"):
            return colon()
        case _ where Self.isWord(byte):
            return word()
        default:
            place += 1
            return symbol(byte)
        }
    }

    private func symbol(_ byte: UInt8) -> SQLToken {
        switch byte {
        case UInt8(ascii: ";"): .end
        case UInt8(ascii: "("): .open(.round)
        case UInt8(ascii: "["): .open(.square)
        case UInt8(ascii: ")"): .close(")")
        case UInt8(ascii: "]"): .close("]")
        default: .other(String(decoding: [byte], as: UTF8.self))
        }
    }

    private mutating func word() -> SQLToken {
        let start = place
        // A dollar sign within an identifier does not begin a quoted text.
        skip { Self.isWord($0) || $0 == UInt8(ascii: "$") }
        return .word(text(from: start))
    }

    private mutating func colon() -> SQLToken {
        let start = place
        if peek(1) == UInt8(ascii: ":") || peek(1) == UInt8(ascii: "=") {
            place += 2
            return .other(text(from: start))
        }
        place += 1
        guard let first = peek(), Self.isWord(first), !Self.isDigit(first) else { return .other(":") }
        let name = place
        skip(while: Self.isWord)
        return .name(text(from: name))
    }

    /// `$$text$$`, `$tag$text$tag$`, or a dollar sign that begins neither.
    private mutating func dollar() -> SQLToken {
        let start = place
        place += 1
        if let first = peek(), Self.isWord(first), !Self.isDigit(first) { skip(while: Self.isWord) }
        guard peek() == UInt8(ascii: "$") else {
            place = start + 1
            skip(while: Self.isDigit)
            return .word(text(from: start))
        }
        place += 1
        let tag = bytes[start..<place]
        while place < bytes.count && !bytes[place...].starts(with: tag) { place += 1 }
        place = min(place + tag.count, bytes.count)
        return .quoted(text(from: start))
    }

    /// Block comments can be nested.
    private mutating func skipComment() {
        var depth = 0
        repeat {
            if peek() == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                depth += 1
                place += 2
            } else if peek() == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/") {
                depth -= 1
                place += 2
            } else {
                place += 1
            }
        } while depth > 0 && place < bytes.count
    }

    /// A doubled quote stands for itself: it ends one text and begins the next, which has the same effect.
    private mutating func skipQuoted(by quote: UInt8, backslashes: Bool) {
        repeat {
            place += 1
            while let byte = peek(), byte != quote {
                place += backslashes && byte == UInt8(ascii: "\\") ? 2 : 1
            }
            place = min(place + 1, bytes.count)
        } while backslashes && peek() == quote
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        place + distance < bytes.count ? bytes[place + distance] : nil
    }

    private mutating func skip(while isPart: (UInt8) -> Bool) {
        while let byte = peek(), isPart(byte) { place += 1 }
    }

    private func text(from start: Int) -> String { String(decoding: bytes[start..<place], as: UTF8.self) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == 0x5F || byte >= 0x80 || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
