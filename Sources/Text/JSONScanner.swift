/// Why a text is not JSON, and where.
package struct JSONFault: Error, Equatable {
    /// What is wrong: `expected a value`.
    package let problem: String
    /// The line, from 1.
    package let line: Int
    /// The column, from 1, in characters.
    package let column: Int
}

/// Reads JSON strictly after RFC 8259, without changing a byte: a payload is passed on as it was written.
package struct JSONScanner {
    /// The deepest nesting that is accepted; SQLite accepts 1,000.
    package static let depthLimit = 1000

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Checks that a text is one JSON value.
    package static func check(_ text: String) throws(JSONFault) { try check(Array(text.utf8)) }

    /// Checks that UTF-8 bytes are one JSON value.
    package static func check(_ bytes: [UInt8]) throws(JSONFault) {
        var scanner = JSONScanner(bytes)
        try scanner.value(depth: 0)
        try scanner.end()
    }

    /// The members of a JSON object, in order: each key, and its value as it was written.
    package static func members(of text: String) throws(JSONFault) -> [(key: String, value: String)] {
        try members(of: Array(text.utf8))
    }

    /// The members of a JSON object in UTF-8 bytes, in order: each key, and its value as it was written.
    package static func members(of bytes: [UInt8]) throws(JSONFault) -> [(key: String, value: String)] {
        try places(of: bytes).map { ($0.key, String(decoding: bytes[$0.value], as: UTF8.self)) }
    }

    /// The members of a JSON object, with the range of each value in the bytes, which need not be UTF-8.
    package static func places(of bytes: [UInt8]) throws(JSONFault) -> [(key: String, value: Range<Int>)] {
        var scanner = JSONScanner(bytes)
        var members: [(key: String, value: Range<Int>)] = []
        scanner.skipSpace()
        guard scanner.next == UInt8(ascii: "{") else { throw scanner.fault("expected an object, beginning with {") }
        try scanner.object(depth: 0) { members.append((JSONText.read(bytes[$0]) ?? "", $1)) }
        try scanner.end()
        return members
    }

    /// The elements of a JSON array, in order, as they were written.
    package static func elements(of bytes: [UInt8]) throws(JSONFault) -> [[UInt8]] {
        var scanner = JSONScanner(bytes)
        var elements: [[UInt8]] = []
        scanner.skipSpace()
        guard scanner.next == UInt8(ascii: "[") else { throw scanner.fault("expected an array, beginning with [") }
        try scanner.array(depth: 0) { elements.append(Array(bytes[$0])) }
        try scanner.end()
        return elements
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func end() throws(JSONFault) {
        skipSpace()
        guard next == nil else { throw fault("expected nothing more after the value") }
    }

    private mutating func value(depth: Int) throws(JSONFault) {
        guard depth < Self.depthLimit else { throw fault("nested deeper than \(Self.depthLimit) levels") }
        skipSpace()
        switch next.map({ Unicode.Scalar($0) }) {
        case "{": try object(depth: depth)
        case "[": try array(depth: depth)
        case "\"": try string()
        case "t": try word("true")
        case "f": try word("false")
        case "n": try word("null")
        case let sign? where sign == "-" || ("0"..."9").contains(sign): try number()
        case nil: throw fault("expected a value, found the end")
        default: throw fault("expected a value; texts and keys stand in double quotes")
        }
    }

    private mutating func object(
        depth: Int,
        _ member: (_ key: Range<Int>, _ value: Range<Int>) -> Void = { _, _ in }
    ) throws(JSONFault) {
        position += 1
        skipSpace()
        if take("}") { return }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault("expected a key in double quotes") }
            let key = position
            try string()
            let keyEnd = position
            skipSpace()
            guard take(":") else { throw fault("expected a colon after the key") }
            skipSpace()
            let start = position
            try value(depth: depth + 1)
            member(key..<keyEnd, start..<position)
            skipSpace()
        } while take(",")
        guard take("}") else { throw fault("expected a comma or }") }
    }

    private mutating func array(
        depth: Int,
        _ element: (Range<Int>) -> Void = { _ in }
    ) throws(JSONFault) {
        position += 1
        skipSpace()
        if take("]") { return }
        repeat {
            skipSpace()
            let start = position
            try value(depth: depth + 1)
            element(start..<position)
            skipSpace()
        } while take(",")
        guard take("]") else { throw fault("expected a comma or ]") }
    }

    private mutating func string() throws(JSONFault) {
        let start = position
        position += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw fault("a control character inside a text must be written as \\n, \\t or \\u00XX")
            default: position += 1
            }
        }
        throw fault("this text is not closed by a double quote", at: start)
    }

    private mutating func escape() throws(JSONFault) {
        let start = position
        position += 1
        guard let kind = next.map({ Unicode.Scalar($0) }) else { throw fault("this text is not closed", at: start) }
        position += 1
        if kind == "u" {
            for _ in 0..<4 {
                guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit else {
                    throw fault("expected four hex digits after \\u", at: start)
                }
                position += 1
            }
        } else if !"\"\\/bfnrt".unicodeScalars.contains(kind) {
            throw fault("\\\(kind) means nothing in JSON; a backslash is written \\\\", at: start)
        }
    }

    private mutating func word(_ word: String) throws(JSONFault) {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("expected \(word)") }
        position += word.utf8.count
    }

    private mutating func number() throws(JSONFault) {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        if let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            throw fault("a number does not begin with 0", at: start)
        }
    }

    private mutating func digits() throws(JSONFault) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw fault("expected a digit") }
    }

    private func fault(_ problem: String, at offset: Int? = nil) -> JSONFault {
        let before = bytes[..<min(offset ?? position, bytes.count)]
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return JSONFault(
            problem: problem,
            line: before.count { $0 == 0x0a } + 1,
            // Scalars are counted: counting characters would take much longer, and very long for letters with many
            // accents.
            column: before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1
        )
    }
}
