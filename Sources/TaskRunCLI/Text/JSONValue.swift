/// A JSON value to be printed, its keys in the order in which they were written down.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Int64)
    /// Seconds, to the millisecond.
    case seconds(Duration)
    /// A measured number, to the thousandth.
    case measured(Double)
    case text(String)
    /// JSON that is passed on as it is; line ends in it, which can only stand between its parts, become spaces.
    case raw(String)
    case list([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// A number, or null.
    static func number(_ value: Int?) -> JSONValue { value.map { .number(Int64($0)) } ?? .null }
    /// A number of 64 bits, or null.
    static func number(_ value: Int64?) -> JSONValue { value.map { .number($0) } ?? .null }
    /// A text, or null.
    static func text(_ value: String?) -> JSONValue { value.map { .text($0) } ?? .null }

    /// The value in one line.
    var line: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .seconds(let value): "\((value / .milliseconds(1)).rounded() / 1000)"
        case .measured(let value): "\((value * 1000).rounded() / 1000)"
        case .text(let value): Self.quote(value)
        case .raw(let value): String(decoding: value.utf8.map { $0 == 10 || $0 == 13 ? 32 : $0 }, as: UTF8.self)
        case .list(let values): "[\(values.map(\.line).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\(Self.quote($0.key)):\($0.value.line)" }.joined(separator: ","))}"
        }
    }

    /// A text in quotes, after RFC 8259, section 7; with the control characters beyond ASCII that a terminal may obey.
    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
}
