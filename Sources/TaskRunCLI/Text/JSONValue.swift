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
        case .raw(let value): Self.oneLine(value)
        case .list(let values): "[\(values.map(\.line).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\(Self.quote($0.key)):\($0.value.line)" }.joined(separator: ","))}"
        }
    }

    /// JSON in one line, for a terminal too: what is hidden can only stand in texts, where it has another form.
    private static func oneLine(_ json: String) -> String {
        guard json.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return json }
        var line = ""
        for scalar in json.unicodeScalars {
            switch scalar {
            case "\n", "\r", "\t": line += " "
            case _ where scalar.isHidden(between: nil, and: nil): line += escape(scalar)
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    /// A scalar as `\u0000`, or as two of these beyond U+FFFF.
    private static func escape(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    /// A text in quotes, after RFC 8259, section 7; what a terminal may obey, or shows nothing for, by its number.
    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.isHidden(between: nil, and: nil): quoted += escape(scalar)
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
