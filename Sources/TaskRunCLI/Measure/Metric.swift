/// A metric with its samples, as Prometheus and its like read it.
struct Metric {
    /// What kind of number it is.
    enum Kind: String {
        case gauge, counter, histogram
    }

    /// One number.
    struct Sample {
        /// What follows the name: `_total`, `_bucket`, or nothing.
        var suffix = ""
        /// The labels, in order.
        var labels: [(name: String, value: String)] = []
        let value: Double
    }

    /// The name, without the suffix of a counter.
    let name: String
    let kind: Kind
    /// What it says, in one line.
    let help: String
    var samples: [Sample]
}

extension Metric {
    /// A metric of one number.
    static func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
        Metric(name: name, kind: .gauge, help: help, samples: [Sample(value: value)])
    }

    /// The lines.
    ///
    /// They are OpenMetrics text that readers of the older Prometheus text accept as well. The two want different lines
    /// for the type of a counter, so it has none: its suffix says what it is.
    var lines: [String] {
        let unit = name.hasSuffix("_seconds") ? ["# UNIT \(name) seconds"] : []
        let described = kind == .counter ? name + "_total" : name
        let head = kind == .counter ? [] : ["# TYPE \(name) \(kind.rawValue)"] + unit
        return head + ["# HELP \(described) \(Self.escape(help, isLabel: false))"] + samples.map { line($0) }
    }

    /// All metrics, with the line that ends them.
    static func text(_ metrics: [Metric]) -> String {
        (metrics.flatMap(\.lines) + ["# EOF"]).map { $0 + "\n" }.joined()
    }

    private func line(_ sample: Sample) -> String {
        let labels = sample.labels.map { "\($0.name)=\"\(Self.escape($0.value, isLabel: true))\"" }
        let list = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
        return "\(fullName(sample))\(list) \(Self.write(sample.value))"
    }

    private func fullName(_ sample: Sample) -> String {
        name + (kind == .counter ? "_total" : sample.suffix)
    }

    /// A whole number without a fraction.
    static func write(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }

    /// Backslashes, line ends and, in labels, quotes have another form; other control characters become spaces.
    static func escape(_ text: String, isLabel: Bool) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where isLabel: escaped.append(contentsOf: "\\\"".unicodeScalars)
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: escaped.append(" ")
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    /// For programs: `name`, `labels`, `value`, one object a number.
    var json: [JSONValue] {
        samples.map { sample in
            let labels = sample.labels.map { (key: $0.name, value: JSONValue.text($0.value)) }
            let value = Int64(exactly: sample.value).map { JSONValue.number($0) } ?? .measured(sample.value)
            return ["name": .text(fullName(sample)), "labels": .object(labels), "value": value]
        }
    }
}
