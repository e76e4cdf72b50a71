/// One line of JSON, read strictly after RFC 8259 where it lies: a stream handler is answered some 20,000 times a second.
struct JSONLine {
    /// Why a line is no JSON object, and where.
    struct Fault: Error, Equatable {
        /// What is wrong: `expected a comma or }`.
        let problem: String
        /// The byte, from 1.
        let byte: Int
    }

    /// The deepest nesting that is taken.
    static let depthLimit = 100

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The members of the object that the line is, in order: the key, and where the value stands.
    static func members(of line: [UInt8]) throws(Fault) -> [(key: String, value: Range<Int>)] {
        var reader = JSONLine(line)
        var members: [(key: String, value: Range<Int>)] = []
        reader.skipSpace()
        guard reader.next == UInt8(ascii: "{") else { throw reader.fault("expected an object, beginning with {") }
        try reader.object(depth: 0) { members.append(($0, $1)) }
        reader.skipSpace()
        guard reader.next == nil else { throw reader.fault("expected nothing more after the object") }
        return members
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count, isSpace(bytes[position]) { position += 1 }
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(Fault) {
        guard depth <= Self.depthLimit else { throw fault("nested deeper than \(Self.depthLimit) levels") }
        guard let byte = next else { throw fault("expected a value, found the end of the line") }
        switch Unicode.Scalar(byte) {
        case "{": try object(depth: depth) { _, _ in }
        case "[": try array(depth: depth)
        case "\"": try string()
        case "t": try word("true")
        case "f": try word("false")
        case "n": try word("null")
        case "-", "0"..."9": try number()
        default: throw fault("expected a value")
        }
    }

    private mutating func object(depth: Int, _ member: (String, Range<Int>) -> Void) throws(Fault) {
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
            // The keys that mean something have no escapes; others are passed over.
            if depth == 0 {
                member(String(decoding: bytes[key + 1..<keyEnd - 1], as: UTF8.self), start..<position)
            }
            skipSpace()
        } while take(",")
        guard take("}") else { throw fault("expected a comma or }") }
    }

    private mutating func array(depth: Int) throws(Fault) {
        position += 1
        skipSpace()
        if take("]") { return }
        repeat {
            skipSpace()
            try value(depth: depth + 1)
            skipSpace()
        } while take(",")
        guard take("]") else { throw fault("expected a comma or ]") }
    }

    private mutating func string() throws(Fault) {
        let start = position
        position += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw fault("a control character in a text must be written as \\n, \\t or \\u00XX")
            default: position += 1
            }
        }
        position = start
        throw fault("this text is not closed by a double quote")
    }

    private mutating func escape() throws(Fault) {
        position += 1
        let kind = next
        position += 1
        if kind == UInt8(ascii: "u") {
            for _ in 0..<4 {
                guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit else {
                    throw fault("expected four hex digits after \\u")
                }
                position += 1
            }
        } else {
            guard let kind, "\"\\/bfnrt".utf8.contains(kind) else { throw fault("this escape means nothing in JSON") }
        }
    }

    private mutating func word(_ word: StaticString) throws(Fault) {
        guard bytes[position...].starts(with: word.description.utf8) else { throw fault("expected \(word)") }
        position += word.utf8CodeUnitCount
    }

    private mutating func number() throws(Fault) {
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
    }

    private mutating func digits() throws(Fault) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw fault("expected a digit") }
    }

    private func fault(_ problem: String) -> Fault { Fault(problem: problem, byte: position + 1) }
}
