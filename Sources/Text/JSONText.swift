/// Texts as JSON writes them, RFC 8259, section 7.
package enum JSONText {
    /// Appends a text in quotes.
    package static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                bytes.append(contentsOf: String(byte & 0xf, radix: 16).utf8)
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A text in quotes.
    package static func quote(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends a JSON value in one line.
    ///
    /// JSON has line breaks only between its parts, never inside a text, so a space in their place changes nothing.
    package static func append(json value: [UInt8], to bytes: inout [UInt8]) {
        let start = bytes.endIndex
        bytes.append(contentsOf: value)
        for index in start..<bytes.endIndex where bytes[index] == 0x0a || bytes[index] == 0x0d { bytes[index] = 0x20 }
    }

    /// The text that a quoted JSON text stands for, or nil for another value.
    ///
    /// Bytes and escapes that stand for no character become U+FFFD.
    package static func read(_ json: ArraySlice<UInt8>) -> String? {
        guard json.count >= 2, json.first == UInt8(ascii: "\"") else { return nil }
        let inner = json.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        // Escaped characters are read as UTF-16, as JSON has them, between runs of bytes that stand for themselves.
        var text = ""
        var rest = inner
        while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            text += String(decoding: rest[..<backslash], as: UTF8.self)
            rest = rest[backslash...]
            var units: [UInt16] = []
            while rest.first == UInt8(ascii: "\\") { units.append(unit(&rest)) }
            text += String(decoding: units, as: UTF16.self)
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    /// Removes one escape, which is known to be well formed, from the front and returns its value.
    private static func unit(_ rest: inout ArraySlice<UInt8>) -> UInt16 {
        let kind = rest.dropFirst().first ?? 0
        if kind == UInt8(ascii: "u") {
            let digits = String(decoding: rest.dropFirst(2).prefix(4), as: UTF8.self)
            rest = rest.dropFirst(6)
            return UInt16(digits, radix: 16) ?? 0xfffd
        }
        rest = rest.dropFirst(2)
        return switch Unicode.Scalar(kind) {
        case "b": 0x08
        case "f": 0x0c
        case "n": 0x0a
        case "r": 0x0d
        case "t": 0x09
        default: UInt16(kind)
        }
    }
}
